-- Subscriptions: which plan a tenant pays for, from when to when, and in which periods.
-- SPDX-License-Identifier: PostgreSQL

ALTER TABLE tenancy.plans
    ADD COLUMN period text NOT NULL DEFAULT 'month' CHECK (period IN ('month', 'year')),
    ADD COLUMN anchor_day smallint DEFAULT 1 CHECK (anchor_day BETWEEN 1 AND 31),
    ADD COLUMN trial_days integer NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 3650),
    ADD COLUMN proration text NOT NULL DEFAULT 'second' CHECK (proration IN ('second', 'day', 'none')),
    ADD COLUMN rounding text NOT NULL DEFAULT 'half_up' CHECK (rounding IN ('half_up', 'half_even')),
    ADD COLUMN late_days integer NOT NULL DEFAULT 35 CHECK (late_days BETWEEN 0 AND 366);

-- A stretch of time on one plan. A change, a pause or the end closes it; what comes after is another
-- one. It keeps the terms of its start.
CREATE SEQUENCE tenancy.subscription_versions_seq;
CREATE TABLE tenancy.subscriptions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    starts_at timestamptz NOT NULL CHECK (isfinite(starts_at)),
    ends_at timestamptz CHECK (isfinite(ends_at) AND ends_at >= starts_at),
    end_reason text CHECK (end_reason IN ('changed', 'paused', 'canceled', 'closed')),
    trial_end timestamptz,
    is_new boolean NOT NULL,
    period text NOT NULL CHECK (period IN ('month', 'year')),
    anchor_month smallint NOT NULL CHECK (anchor_month BETWEEN 1 AND 12),
    anchor_day smallint NOT NULL CHECK (anchor_day BETWEEN 1 AND 31),
    time_zone text NOT NULL,
    proration text NOT NULL CHECK (proration IN ('second', 'day', 'none')),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    version bigint NOT NULL DEFAULT nextval('tenancy.subscription_versions_seq'),
    CHECK ((ends_at IS NULL) = (end_reason IS NULL))
);
-- Whoever changes a tenant's subscription holds the tenant's row, which keeps stretches from overlapping; an
-- exclusion constraint would cost more than all the rest of onboarding.
CREATE INDEX subscriptions_tenant ON tenancy.subscriptions (tenant_id, starts_at);
CREATE UNIQUE INDEX subscriptions_open ON tenancy.subscriptions (tenant_id) WHERE ends_at IS NULL;
COMMENT ON TABLE tenancy.subscriptions IS
'What tenants pay for: a row a stretch of time on one plan, from starts_at until before ends_at (null = open), with the plan''s billing terms as they were at its start. Stretches of a tenant do not overlap. version is of this state of the row.';

-- An invoice notes the versions that it was made from: at the edge of a period, neither a change's time nor that of the invoice
-- can say whether the one had seen the other, and what was planned may be taken back.
CREATE TABLE tenancy.subscription_history (LIKE tenancy.subscriptions, PRIMARY KEY (version));
COMMENT ON TABLE tenancy.subscription_history IS
'What subscriptions were before they ended, or before a planned change of them was taken back: invoices that were made from it recompute.';
REVOKE ALL ON tenancy.subscriptions, tenancy.subscription_history FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.subscriptions', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.subscriptions_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.subscription_versions_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.subscription_history', '');

CREATE FUNCTION tenancy.keep_subscription() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tenancy.subscription_history SELECT old.*;
    IF tg_op = 'DELETE' THEN
        RETURN old;
    END IF;
    new.version := nextval('tenancy.subscription_versions_seq');
    RETURN new;
END
$$;
REVOKE ALL ON FUNCTION tenancy.keep_subscription() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.keep_subscription() IS 'Trigger: keeps what a subscription was before a change.';
CREATE TRIGGER history BEFORE UPDATE OR DELETE ON tenancy.subscriptions
    FOR EACH ROW EXECUTE FUNCTION tenancy.keep_subscription();

CREATE FUNCTION tenancy.set_plan_terms(plan text, period text DEFAULT NULL, anchor_day integer DEFAULT NULL,
    trial_days integer DEFAULT NULL, proration text DEFAULT NULL, rounding text DEFAULT NULL, late_days integer DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.plans;
    new_row tenancy.plans;
BEGIN
    SELECT * INTO old_row FROM tenancy.plans p WHERE p.id = set_plan_terms.plan FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', set_plan_terms.plan), HINT = 'Create it with tenancy.create_plan().';
    ELSIF period NOT IN ('month', 'year') OR anchor_day NOT BETWEEN 0 AND 31 OR trial_days NOT BETWEEN 0 AND 3650
          OR proration NOT IN ('second', 'day', 'none') OR rounding NOT IN ('half_up', 'half_even')
          OR late_days NOT BETWEEN 0 AND 366 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid terms of a plan',
            HINT = 'period is month or year; anchor_day 1 to 31, or 0 for the day a subscription starts; trial_days 0 to 3650; proration second, day or none; rounding half_up or half_even; late_days 0 to 366.';
    END IF;
    UPDATE tenancy.plans p SET
        period = coalesce(set_plan_terms.period, p.period),
        anchor_day = CASE WHEN set_plan_terms.anchor_day IS NULL THEN p.anchor_day ELSE nullif(set_plan_terms.anchor_day, 0) END,
        trial_days = coalesce(set_plan_terms.trial_days, p.trial_days),
        proration = coalesce(set_plan_terms.proration, p.proration),
        rounding = coalesce(set_plan_terms.rounding, p.rounding),
        late_days = coalesce(set_plan_terms.late_days, p.late_days)
    WHERE p.id = old_row.id RETURNING * INTO new_row;
    IF new_row IS NOT DISTINCT FROM old_row THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('set_plan_terms', old_row.id, to_jsonb(old_row), to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_plan_terms(text, text, integer, integer, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_plan_terms(text, text, integer, integer, text, text, integer) IS
'Sets how a plan bills; what is null stays: period month (default) or year; anchor_day on which periods begin (default 1, the calendar''s; 0 = the day of the month on which a subscription starts; a day that a month does not have is its last); trial_days without charge at the start of a tenant''s first subscription (default 0); proration of fees to the second (default), to the day, or none (a period has one whole fee, that of the plan at its end, in advance at its start); rounding of totals half_up (half away from zero, default) or half_even; late_days for which usage of a closed period becomes an adjustment on the next invoice (default 35). Subscriptions that run keep their period, anchor, trial and proration. False if nothing changes. Errors: 42704 unknown plan, 22023 out of range.';

-- Compared as instants: on the day a clock goes back, a local midnight comes twice.
CREATE FUNCTION tenancy.billing_period(period text, anchor_month integer, anchor_day integer, time_zone text, at timestamptz,
    OUT period_start timestamptz, OUT period_end timestamptz)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step interval := ('1 ' || period)::interval;
    first timestamp := CASE period WHEN 'year' THEN make_date(extract(year FROM at AT TIME ZONE time_zone)::integer, anchor_month, 1)
                                   ELSE date_trunc('month', at AT TIME ZONE time_zone) END;
BEGIN
    first := first + step;
    LOOP
        period_end := period_start;
        -- The anchor's day, or the last one of a shorter month.
        period_start := least(first + make_interval(days => anchor_day - 1),
            first + interval '1 month' - interval '1 day') AT TIME ZONE time_zone;
        EXIT WHEN period_start <= at AND period_end IS NOT NULL;
        first := first - step;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.billing_period(text, integer, integer, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_period(text, integer, integer, text, timestamptz) IS
'The billing period that an instant is in: a month or year of a time zone that begins on a day (of a month, for years); a day that a month does not have is its last.';

CREATE FUNCTION tenancy.billing_periods(s tenancy.subscriptions, since timestamptz, until timestamptz)
RETURNS TABLE (period_start timestamptz, period_end timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    period_end := greatest(since, s.starts_at);
    WHILE period_end <= until LOOP
        SELECT * INTO period_start, period_end
        FROM tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, period_end);
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.billing_periods(tenancy.subscriptions, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_periods(tenancy.subscriptions, timestamptz, timestamptz) IS
'The billing periods of a subscription that are not over at one instant and have begun by another.';

-- Begins a stretch; the caller has ended the one before.
CREATE FUNCTION tenancy.begin_subscription(tenant text, plan text, at timestamptz, like_subscription tenancy.subscriptions DEFAULT NULL)
RETURNS bigint LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO tenancy.subscriptions (tenant_id, plan, starts_at, trial_end, is_new, period, anchor_month, anchor_day, time_zone, proration)
    SELECT t.id, p.id, begin_subscription.at,
        CASE WHEN (like_subscription).id IS NOT NULL THEN nullif(greatest((like_subscription).trial_end, begin_subscription.at), begin_subscription.at)
             WHEN p.trial_days > 0 AND n.is_new THEN (local.start + make_interval(days => p.trial_days)) AT TIME ZONE t.time_zone END,
        n.is_new,
        p.period,
        -- The same rhythm goes on where the periods are the same.
        CASE WHEN (like_subscription).period = p.period THEN (like_subscription).anchor_month ELSE extract(month FROM local.start) END,
        CASE WHEN p.anchor_day IS NOT NULL THEN p.anchor_day
             WHEN (like_subscription).period = p.period THEN (like_subscription).anchor_day ELSE extract(day FROM local.start) END,
        coalesce((like_subscription).time_zone, t.time_zone), p.proration
    FROM tenancy.tenants t
    JOIN tenancy.plans p ON p.id = begin_subscription.plan
    CROSS JOIN LATERAL (SELECT begin_subscription.at AT TIME ZONE t.time_zone AS start) local
    CROSS JOIN LATERAL (SELECT (like_subscription).id IS NULL
        AND NOT EXISTS (SELECT FROM tenancy.subscriptions s WHERE s.tenant_id = t.id) AS is_new) n
    WHERE t.id = begin_subscription.tenant
    RETURNING id;
END;
REVOKE ALL ON FUNCTION tenancy.begin_subscription(text, text, timestamptz, tenancy.subscriptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_subscription(text, text, timestamptz, tenancy.subscriptions) IS
'Internal: begins a stretch of a subscription, in the rhythm of the one before where there is one.';

-- Of many new tenants at once: onboarding is set-based.
CREATE FUNCTION tenancy.begin_subscriptions(tenant_keys text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO tenancy.subscriptions (tenant_id, plan, starts_at, trial_end, is_new, period, anchor_month, anchor_day, time_zone, proration)
    SELECT t.id, p.id, t.created_at,
        CASE WHEN p.trial_days > 0 THEN (l.start + make_interval(days => p.trial_days)) AT TIME ZONE t.time_zone END,
        true, p.period, extract(month FROM l.start), coalesce(p.anchor_day, extract(day FROM l.start)), t.time_zone, p.proration
    FROM tenancy.tenants t JOIN tenancy.plans p ON p.id = t.plan
    CROSS JOIN LATERAL (SELECT t.created_at AT TIME ZONE t.time_zone AS start) l
    WHERE lower(t.id) = ANY (begin_subscriptions.tenant_keys)
      -- of a tenant whose row was deleted and made again
      AND NOT EXISTS (SELECT FROM tenancy.subscriptions s WHERE s.tenant_id = t.id AND (s.ends_at IS NULL OR s.ends_at > t.created_at));
END;
REVOKE ALL ON FUNCTION tenancy.begin_subscriptions(text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_subscriptions(text[]) IS 'Internal: begins the subscriptions of new tenants.';

-- An invoice has one currency: another one begins when the last period in the old one is over.
CREATE FUNCTION tenancy.check_subscription_currency(tenant text, plan text, at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_currency text := (SELECT p.currency FROM tenancy.plans p WHERE p.id = check_subscription_currency.plan);
    old record;
BEGIN
    SELECT o.currency, p.period_end INTO old
    FROM tenancy.subscriptions s JOIN tenancy.plans o ON o.id = s.plan AND o.currency <> new_currency
    CROSS JOIN LATERAL tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone,
        greatest(s.starts_at, coalesce(s.ends_at, check_subscription_currency.at) - interval '1 microsecond')) p
    WHERE s.tenant_id = check_subscription_currency.tenant AND (s.ends_at IS NULL OR s.ends_at > s.starts_at)
      AND (s.ends_at IS NULL OR p.period_end > check_subscription_currency.at)
    ORDER BY p.period_end DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('plan "%s" is in another currency', check_subscription_currency.plan),
            DETAIL = format('Until %s the tenant is billed in %s, the plan is in %s.', old.period_end, old.currency, new_currency),
            HINT = 'An invoice has one currency. Cancel the subscription, and subscribe anew when its last period is over.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_subscription_currency(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_subscription_currency(text, text, timestamptz) IS
'Internal: an error when a subscription would begin in a period that is billed in another currency.';

-- What the registry says, the subscription follows.
CREATE FUNCTION tenancy.follow_plan(tenant text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    payer tenancy.tenants;
    open tenancy.subscriptions;
BEGIN
    SELECT * INTO STRICT payer FROM tenancy.tenants t WHERE t.id = follow_plan.tenant;
    SELECT * INTO open FROM tenancy.subscriptions s
    WHERE s.tenant_id = payer.id AND s.starts_at <= now AND (s.ends_at IS NULL OR s.ends_at > now);
    IF payer.plan IS NOT DISTINCT FROM open.plan AND payer.status <> 'closed' THEN
        RETURN;
    END IF;
    -- What was planned for later is overtaken.
    DELETE FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id AND s.starts_at > now;
    IF payer.status <> 'closed' THEN
        PERFORM tenancy.check_subscription_currency(payer.id, payer.plan, now);
    END IF;
    UPDATE tenancy.subscriptions s SET ends_at = now,
        end_reason = CASE WHEN payer.status = 'closed' THEN 'closed' ELSE 'changed' END
    WHERE s.id = open.id;
    IF payer.status <> 'closed' AND payer.plan IS NOT NULL THEN
        PERFORM tenancy.begin_subscription(payer.id, payer.plan, now, CASE WHEN open.id IS NOT NULL THEN open END);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.follow_plan(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.follow_plan(text) IS
'Internal: ends and begins the subscription of a tenant whose plan or status changed.';

CREATE FUNCTION tenancy.require_subscriber(tenant text, OUT payer tenancy.tenants, OUT open tenancy.subscriptions)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    planned tenancy.subscriptions;
BEGIN
    -- The row lock makes changes of one tenant come one after the other.
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    ELSIF payer.status = 'closed' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('tenant "%s" is closed', payer.id),
            HINT = 'A closed tenant stays closed.';
    END IF;
    SELECT * INTO open FROM tenancy.subscriptions s
    WHERE s.tenant_id = payer.id AND s.starts_at <= now AND (s.ends_at IS NULL OR s.ends_at > now);
    SELECT * INTO planned FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id AND s.starts_at > now;
    IF planned.id IS NOT NULL OR open.ends_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('another change of the subscription of tenant "%s" is planned', payer.id),
            DETAIL = CASE WHEN planned.id IS NULL THEN format('It is %s from %s on.', open.end_reason, open.ends_at)
                ELSE format('It moves to plan "%s" at %s.', planned.plan, planned.starts_at) END,
            HINT = 'Take that back with tenancy.undo_subscription_change() first.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_subscriber(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_subscriber(text) IS
'Internal: locks a tenant for a change of its subscription; an error when it is closed or a change is planned.';

-- now, period_end or a time that is not over.
CREATE FUNCTION tenancy.time_of_change(at text, open tenancy.subscriptions) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    result timestamptz := now;
BEGIN
    IF at = 'period_end' THEN
        SELECT p.period_end INTO result
        FROM tenancy.billing_period(open.period, open.anchor_month, open.anchor_day, open.time_zone, now) p;
    ELSIF at <> 'now' OR at IS NULL THEN
        result := at::timestamptz;
    END IF;
    IF result < now OR NOT isfinite(result) OR result IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a subscription cannot change in the past',
            DETAIL = format('The change would be at %s; it is %s.', at, now),
            HINT = 'Use now, period_end or a time to come.';
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.time_of_change(text, tenancy.subscriptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.time_of_change(text, tenancy.subscriptions) IS
'Internal: when a change of a subscription takes place.';

CREATE FUNCTION tenancy.change_plan(tenant text, plan text, at text DEFAULT 'now') RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    state record;
    change_at timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.plans p WHERE p.id = change_plan.plan) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('plan "%s" does not exist', change_plan.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    SELECT * INTO state FROM tenancy.require_subscriber(tenant);
    IF (state.open).plan = change_plan.plan THEN
        RETURN NULL;
    END IF;
    change_at := tenancy.time_of_change(at, state.open);
    PERFORM tenancy.check_subscription_currency((state.payer).id, change_plan.plan, change_at);
    UPDATE tenancy.subscriptions s SET ends_at = change_at, end_reason = 'changed'
    WHERE s.id = (state.open).id;
    PERFORM tenancy.begin_subscription((state.payer).id, change_plan.plan, change_at,
        CASE WHEN (state.open).id IS NOT NULL THEN state.open END);
    IF change_at <= tenancy.clock_time() THEN
        UPDATE tenancy.tenants t SET plan = change_plan.plan WHERE t.id = (state.payer).id;
    END IF;
    PERFORM tenancy.write_audit('change_plan', (state.payer).id, jsonb_build_object('plan', (state.payer).plan),
        jsonb_build_object('plan', change_plan.plan, 'at', change_at));
    RETURN change_at;
END
$$;
REVOKE ALL ON FUNCTION tenancy.change_plan(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.change_plan(text, text, text) IS
'Moves a tenant''s subscription to another plan: now (default), at period_end, or at a time to come; returns when, null if it has that plan already. The periods go on in the same rhythm where both plans have the same length of period; the next invoice credits what was paid in advance for the old plan and charges the new one for the rest. Limits change at that time, too. A tenant without a subscription gets one. Errors: 42704 unknown tenant or plan, 22023 a time that is over, 55000 closed, another change is planned already, or another currency while periods in the old one are not over. Usage of those that comes late, after the last invoice in the old currency, is not billed.';

CREATE FUNCTION tenancy.end_subscription(action text, reason text, tenant text, at text) RETURNS timestamptz
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    state record;
    change_at timestamptz;
BEGIN
    SELECT * INTO state FROM tenancy.require_subscriber(tenant);
    IF (state.open).id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('tenant "%s" has no subscription that runs', (state.payer).id),
            HINT = 'Give it one with tenancy.change_plan().';
    END IF;
    change_at := tenancy.time_of_change(at, state.open);
    UPDATE tenancy.subscriptions s SET ends_at = change_at, end_reason = reason
    WHERE s.id = (state.open).id;
    PERFORM tenancy.write_audit(action, (state.payer).id, to_jsonb(state.open), jsonb_build_object('at', change_at));
    RETURN change_at;
END
$$;
REVOKE ALL ON FUNCTION tenancy.end_subscription(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.end_subscription(text, text, text, text) IS 'Internal: ends the subscription that runs.';

CREATE FUNCTION tenancy.cancel_subscription(tenant text, at text DEFAULT 'period_end') RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.end_subscription('cancel_subscription', 'canceled', tenant, at);
REVOKE ALL ON FUNCTION tenancy.cancel_subscription(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.cancel_subscription(text, text) IS
'Ends a tenant''s subscription at period_end (default), now, or at a time to come; returns when. What was paid in advance beyond it is credited on the last invoice. The tenant stays: suspend or close it when it must not work on. Errors: 42704 unknown tenant, 22023 a time that is over, 55000 none runs, or a change is planned already.';

CREATE FUNCTION tenancy.pause_subscription(tenant text, at text DEFAULT 'now') RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.end_subscription('pause_subscription', 'paused', tenant, at);
REVOKE ALL ON FUNCTION tenancy.pause_subscription(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.pause_subscription(text, text) IS
'Pauses a tenant''s subscription now (default), at period_end, or at a time to come; returns when. Nothing is charged until resume_subscription(). Errors as cancel_subscription(): 42704, 22023, 55000.';

CREATE FUNCTION tenancy.resume_subscription(tenant text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    state record;
    last tenancy.subscriptions;
BEGIN
    SELECT * INTO state FROM tenancy.require_subscriber(tenant);
    SELECT * INTO last FROM tenancy.subscriptions s WHERE s.tenant_id = (state.payer).id ORDER BY s.starts_at DESC, s.id DESC LIMIT 1;
    IF (state.open).id IS NOT NULL OR last.end_reason IS DISTINCT FROM 'paused' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the subscription of tenant "%s" is not paused', (state.payer).id);
    END IF;
    PERFORM tenancy.begin_subscription((state.payer).id, last.plan, tenancy.clock_time(), last);
    PERFORM tenancy.write_audit('resume_subscription', (state.payer).id, to_jsonb(last), NULL);
    RETURN tenancy.clock_time();
END
$$;
REVOKE ALL ON FUNCTION tenancy.resume_subscription(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.resume_subscription(text) IS
'Goes on with a paused subscription, on the same plan and in the same rhythm. Errors: 42704 unknown tenant, 55000 not paused, or closed.';

CREATE FUNCTION tenancy.undo_subscription_change(tenant text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants;
    now timestamptz := tenancy.clock_time();
    undone jsonb;
BEGIN
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling.';
    END IF;
    -- Two statements: the room must be free before the stretch that runs takes it again.
    WITH planned AS (
        DELETE FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id AND s.starts_at > now RETURNING s.*
    )
    SELECT jsonb_agg(to_jsonb(p)) INTO undone FROM planned p;
    UPDATE tenancy.subscriptions s SET ends_at = NULL, end_reason = NULL
    WHERE s.tenant_id = payer.id AND s.starts_at <= now AND s.ends_at > now;
    IF FOUND THEN
        undone := coalesce(undone, '[]');
    END IF;
    IF undone IS NULL THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('undo_subscription_change', payer.id, undone, NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.undo_subscription_change(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.undo_subscription_change(text) IS
'Takes back a change, pause or cancellation that is planned but has not come yet. False if there is none. Error: 42704 unknown tenant.';

CREATE FUNCTION tenancy.apply_planned_changes() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH due AS (
        SELECT t.id, t.plan AS old_plan, s.plan FROM tenancy.subscriptions s JOIN tenancy.tenants t ON t.id = s.tenant_id
        WHERE s.starts_at <= tenancy.clock_time() AND (s.ends_at IS NULL OR s.ends_at > tenancy.clock_time())
          AND s.plan IS DISTINCT FROM t.plan AND t.status <> 'closed'
    ), changed AS (
        UPDATE tenancy.tenants t SET plan = d.plan FROM due d WHERE t.id = d.id RETURNING t.id, d.old_plan, d.plan
    ), audited AS (
        SELECT tenancy.write_audit('set_plan', c.id, jsonb_build_object('plan', c.old_plan), jsonb_build_object('plan', c.plan)) FROM changed c
    )
    SELECT count(*) FROM audited;
END;
REVOKE ALL ON FUNCTION tenancy.apply_planned_changes() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.apply_planned_changes() IS
'Lets planned changes of plan whose time has come take effect on limits; returns how many. tenancyd serve calls it.';
