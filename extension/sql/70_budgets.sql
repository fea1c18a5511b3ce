-- Budgets: what a tenant's billing period may cost, alerts on the way there, and a cap that refuses usage.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.budgets (
    tenant_id text COLLATE "C" PRIMARY KEY,
    amount numeric NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    thresholds integer[] NOT NULL DEFAULT '{50,80,100}',
    hard boolean NOT NULL DEFAULT false,
    set_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    checked_at timestamptz
);
COMMENT ON TABLE tenancy.budgets IS
'What a billing period of a tenant should cost at most, in its plan''s currency, at which percentages of it to alert, and whether usage is refused from 100 % on. checked_at is when that was looked at last.';

CREATE TABLE tenancy.budget_alerts (
    tenant_id text COLLATE "C" NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    threshold integer NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    actual numeric NOT NULL,
    forecast numeric NOT NULL,
    at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    PRIMARY KEY (tenant_id, period_start, amount, threshold)
);
COMMENT ON TABLE tenancy.budget_alerts IS
'One row for each billing period, budget and threshold (percent) that the cost has reached, with cost and forecast as they were; another budget for the same period is told anew. New rows are a NOTIFY on tenancy_alerts (with the payload budget and no more, since anybody may listen), too, and an event budget.alert each.';

REVOKE ALL ON tenancy.budgets, tenancy.budget_alerts FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.budgets', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.budget_alerts', '');

-- What the items of a period cost by themselves, whichever invoice has them, by what is rolled up.
CREATE FUNCTION tenancy.period_cost(tenant text, period_start timestamptz, period_end timestamptz,
    OUT fixed numeric, OUT used numeric, OUT minimum numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
BEGIN
    SELECT coalesce(sum(i.exact_amount) FILTER (WHERE i.kind IN ('fee', 'setup')), 0), coalesce(sum(i.exact_amount) FILTER (WHERE i.kind = 'usage'), 0),
        coalesce(sum(i.exact_amount) FILTER (WHERE i.kind = 'minimum'), 0)
    INTO fixed, used, minimum
    FROM tenancy.billable_items(tenant, period_cost.period_start, period_cost.period_end) i
    WHERE i.item_start >= period_cost.period_start AND i.item_start < period_cost.period_end;
END
$$;
REVOKE ALL ON FUNCTION tenancy.period_cost(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.period_cost(text, timestamptz, timestamptz) IS
'Internal: fees, usage and what is missing to the minimum of one billing period.';

-- The rest of the period goes on at a pace between that of this period and that of the last: the more of this one
-- is over, the more its own counts. With w the part that is over, u the usage so far and h the last period's:
-- forecast = u + (1 - w) * (w * u / w + (1 - w) * h), and without a last period u / w.
CREATE FUNCTION tenancy.budget_status(tenant text DEFAULT NULL)
RETURNS TABLE (tenant_id text, period_start timestamptz, period_end timestamptz, currency text, amount numeric, actual numeric,
    forecast numeric, blocked_until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    now timestamptz := tenancy.clock_time();
    known_id text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(budget_status.tenant));
BEGIN
    IF budget_status.tenant IS NOT NULL AND known_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', budget_status.tenant),
            HINT = 'Check the spelling.';
    END IF;
    RETURN QUERY
    SELECT b.tenant_id, p.period_start, p.period_end, b.currency, b.amount, round(c.fixed + c.used + c.minimum, d.digits),
        round(greatest(c.fixed + c.used + c.minimum, c.fixed + CASE
            WHEN w.part <= 0 THEN greatest(c.used, h.used)
            WHEN h.used IS NULL THEN c.used / w.part
            ELSE c.used + (1 - w.part) * (c.used + (1 - w.part) * h.used) END), d.digits),
        (SELECT k.until FROM tenancy.cost_stops k WHERE k.tenant_id = b.tenant_id AND k.until > now)
    FROM tenancy.budgets b
    CROSS JOIN LATERAL (SELECT tenancy.currency_digits(b.currency) AS digits) d
    JOIN LATERAL (
        SELECT s.* FROM tenancy.subscriptions s WHERE s.tenant_id = b.tenant_id AND s.starts_at <= now AND (s.ends_at IS NULL OR s.ends_at > now)
        ORDER BY s.starts_at DESC LIMIT 1) s ON true
    JOIN tenancy.plans l ON l.id = s.plan AND l.currency = b.currency
    CROSS JOIN LATERAL tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, now) p
    CROSS JOIN LATERAL tenancy.period_cost(b.tenant_id, p.period_start, p.period_end) c
    CROSS JOIN LATERAL (SELECT (SELECT min(f.starts_at) FROM tenancy.subscriptions f WHERE f.tenant_id = b.tenant_id) AS since) f
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM now - greatest(p.period_start, f.since)) / extract(epoch FROM p.period_end - greatest(p.period_start, f.since)) AS part) w
    LEFT JOIN LATERAL (
        SELECT x.used FROM tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, p.period_start - interval '1 microsecond') q
        CROSS JOIN LATERAL tenancy.period_cost(b.tenant_id, q.period_start, q.period_end) x
        WHERE f.since <= q.period_start) h ON true
    WHERE budget_status.tenant IS NULL OR b.tenant_id = known_id
    ORDER BY b.tenant_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.budget_status(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.budget_status(text) IS
'Budgets against cost, of one tenant or of all that have one and a subscription in its currency. actual is what the running billing period costs so far: fees of the whole period, usage as rolled up, and what is missing to a minimum, before discounts, taxes and credits, whichever invoice has it. forecast is that with the usage of the rest of the period at a pace between that of this period so far and that of the last: u + (1 - w) * (u + (1 - w) * h), where w is the part of the period that is over, u the cost of usage so far, and h that of the whole last period; without one, u / w. blocked_until is set where the cap refuses usage. Error: 42704 unknown tenant.';

CREATE FUNCTION tenancy.check_budgets(tenant text DEFAULT NULL)
RETURNS TABLE (tenant_id text, threshold integer, amount numeric, currency text, actual numeric, forecast numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now timestamptz := tenancy.clock_time();
    state record;
    is_blocked boolean;
BEGIN
    FOR state IN SELECT s.*, b.thresholds, b.hard FROM tenancy.budget_status(check_budgets.tenant) s JOIN tenancy.budgets b ON b.tenant_id = s.tenant_id LOOP
        is_blocked := state.hard AND state.actual >= state.amount;
        -- Only what changes: every change of a stop makes all sessions read limits again.
        IF is_blocked AND NOT EXISTS (SELECT FROM tenancy.cost_stops k
                WHERE k.tenant_id = state.tenant_id AND k.cap = state.amount AND k.until = state.period_end) THEN
            PERFORM tenancy.stop_for_cost(state.tenant_id, state.actual, state.amount, state.currency, state.period_end);
        ELSIF state.hard AND NOT is_blocked AND EXISTS (SELECT FROM tenancy.cost_stops k WHERE k.tenant_id = state.tenant_id) THEN
            PERFORM tenancy.lift_cost_stop(state.tenant_id);
        END IF;
        FOR tenant_id, threshold, amount, currency, actual, forecast IN
            INSERT INTO tenancy.budget_alerts AS a (tenant_id, period_start, period_end, threshold, amount, currency, actual, forecast)
            SELECT state.tenant_id, state.period_start, state.period_end, t.n, state.amount, state.currency, state.actual, state.forecast
            FROM unnest(state.thresholds) AS t(n) WHERE state.actual * 100 >= state.amount * t.n ORDER BY t.n
            ON CONFLICT DO NOTHING RETURNING a.tenant_id, a.threshold, a.amount, a.currency, a.actual, a.forecast
        LOOP
            PERFORM tenancy.tell_of_budget(state.tenant_id, jsonb_build_object('period_start', tenancy.iso_time(state.period_start),
                'period_end', tenancy.iso_time(state.period_end), 'threshold', threshold, 'amount', amount::text, 'currency', currency,
                'actual', actual::text, 'forecast', forecast::text, 'blocked', is_blocked));
            RETURN NEXT;
        END LOOP;
    END LOOP;
    UPDATE tenancy.budgets b SET checked_at = now
    WHERE (check_budgets.tenant IS NULL OR lower(b.tenant_id) = lower(check_budgets.tenant)) AND b.checked_at IS DISTINCT FROM now;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_budgets(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_budgets(text) IS
'Compares cost and budget (see budget_status()), of one tenant or of all, as of the last rollup: each threshold that is reached for the first time in the period is a row here and in tenancy.budget_alerts, a NOTIFY on tenancy_alerts and an event budget.alert; tenants above a hard budget are stopped (see stop_for_cost()), others no more. tenancyd serve calls it. Error: 42704 unknown tenant.';

CREATE FUNCTION tenancy.tell_of_budget(tenant text, alert jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Anybody may listen, so it says nothing of whom.
    PERFORM pg_notify('tenancy_alerts', 'budget');
    PERFORM tenancy.emit_event(tenant, 'budget.alert', alert);
END
$$;
REVOKE ALL ON FUNCTION tenancy.tell_of_budget(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tell_of_budget(text, jsonb) IS 'Internal: tells of a budget''s threshold.';

CREATE FUNCTION tenancy.set_budget(tenant text, amount numeric, currency text DEFAULT NULL, thresholds integer[] DEFAULT '{50,80,100}',
    hard boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants := tenancy.require_tenant(tenant);
    code text := (SELECT p.currency FROM tenancy.plans p WHERE p.id = payer.plan);
    old_row tenancy.budgets;
    new_row tenancy.budgets;
BEGIN
    SELECT * INTO old_row FROM tenancy.budgets b WHERE b.tenant_id = payer.id;
    IF amount IS NULL THEN
        DELETE FROM tenancy.budgets b WHERE b.tenant_id = payer.id;
    ELSIF code IS NULL OR set_budget.currency <> code THEN
        PERFORM tenancy.raise_error('55000', CASE WHEN code IS NULL THEN format('tenant "%s" has no plan', payer.id)
                ELSE format('the budget of tenant "%s" is in another currency', payer.id) END,
            CASE WHEN code IS NOT NULL THEN format('It is in %s, plan "%s" is in %s.', set_budget.currency, payer.plan, code) END,
            CASE WHEN code IS NULL THEN 'Its plan says what currency a budget is in: give it one with tenancy.set_plan().' END);
    ELSIF NOT (amount > 0) OR amount IN ('NaN', 'Infinity') OR round(amount, tenancy.currency_digits(code)) <> amount OR hard IS NULL
          OR (cardinality(thresholds) BETWEEN 1 AND 20) IS NOT TRUE OR EXISTS (SELECT FROM unnest(thresholds) t WHERE t IS NULL OR t NOT BETWEEN 1 AND 1000) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid budget',
            HINT = 'An amount above 0 in whole minor units of the currency, or null to take it away; 1 to 20 thresholds from 1 to 1000 percent.';
    ELSE
        INSERT INTO tenancy.budgets AS b (tenant_id, amount, currency, thresholds, hard)
        VALUES (payer.id, set_budget.amount, code, ARRAY(SELECT DISTINCT t FROM unnest(set_budget.thresholds) t ORDER BY t), set_budget.hard)
        ON CONFLICT ON CONSTRAINT budgets_pkey DO UPDATE SET amount = excluded.amount, currency = excluded.currency, thresholds = excluded.thresholds,
            hard = excluded.hard, set_at = excluded.set_at
        WHERE (b.amount, b.currency, b.thresholds, b.hard) IS DISTINCT FROM (excluded.amount, excluded.currency, excluded.thresholds, excluded.hard)
        RETURNING * INTO new_row;
    END IF;
    IF new_row.tenant_id IS NULL AND (amount IS NOT NULL OR old_row.tenant_id IS NULL) THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('set_budget', payer.id, CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) - 'checked_at' END,
        CASE WHEN new_row.tenant_id IS NOT NULL THEN to_jsonb(new_row) - 'checked_at' END);
    IF old_row.hard AND (amount IS NULL OR NOT hard) THEN
        PERFORM tenancy.lift_cost_stop(payer.id);
    END IF;
    IF amount IS NOT NULL THEN
        -- A raised cap must not wait for the next round.
        PERFORM FROM tenancy.check_budgets(payer.id);
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_budget(text, numeric, text, integer[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_budget(text, numeric, text, integer[], boolean) IS
'Sets what a billing period of a tenant should cost at most, in its plan''s currency (currency, where given, must be that), and at which percentages of it to alert (thresholds, 1 to 1000, default 50, 80 and 100), once a period each; null takes it away. A hard budget refuses usage: once check_budgets() finds the cost at the budget, consume() fails with 53400 for whatever has a price in the plan (see stop_for_cost()) until the period ends or the budget is raised; it is no limit to the cent, since cost is looked at every few minutes: limits (set_limit()) are. False if nothing changes. Errors: 42704 unknown tenant, 22023 bad amount or thresholds, 55000 no plan, or another currency.';

-- The longest unchecked first; at most once a minute each.
CREATE FUNCTION tenancy.job_budgets(batch integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due text[] := ARRAY(SELECT b.tenant_id FROM tenancy.budgets b WHERE b.checked_at IS NULL OR b.checked_at <= tenancy.clock_time() - interval '1 minute'
        ORDER BY b.checked_at NULLS FIRST, b.tenant_id LIMIT batch);
    alerts bigint;
BEGIN
    SELECT count(c.tenant_id) INTO alerts FROM unnest(due) d(id) JOIN tenancy.tenants t ON t.id = d.id CROSS JOIN LATERAL tenancy.check_budgets(t.id) c;
    -- Of tenants that are gone.
    UPDATE tenancy.budgets b SET checked_at = tenancy.clock_time() WHERE b.tenant_id = ANY (due) AND b.checked_at IS DISTINCT FROM tenancy.clock_time();
    RETURN jsonb_build_object('budgets', cardinality(due), 'alerts', alerts, 'more', cardinality(due) >= batch);
END
$$;
REVOKE ALL ON FUNCTION tenancy.job_budgets(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_budgets(integer) IS 'Internal: a step of the job budgets.';
