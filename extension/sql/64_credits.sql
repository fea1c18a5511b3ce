-- What changes an invoice's sum: coupons, taxes, and prepaid credits with their ledger.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.coupons (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    percent_off numeric CHECK (percent_off > 0 AND percent_off <= 100),
    amount_off numeric CHECK (amount_off > 0 AND amount_off < 'Infinity'),
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    component text COLLATE "C",
    periods integer CHECK (periods > 0),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    CHECK ((percent_off IS NULL) <> (amount_off IS NULL) AND (amount_off IS NULL) = (currency IS NULL))
);
COMMENT ON TABLE tenancy.coupons IS
'Discounts: a percentage, or an amount in a currency, of one component''s lines or of the whole invoice (null), for a number of invoices (null = all).';

CREATE TABLE tenancy.tenant_coupons (
    tenant_id text COLLATE "C" NOT NULL,
    coupon text COLLATE "C" NOT NULL,
    redeemed_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    periods_left integer CHECK (periods_left >= 0),
    PRIMARY KEY (tenant_id, coupon)
);
COMMENT ON TABLE tenancy.tenant_coupons IS 'Coupons of tenants, in the order in which they were redeemed; periods_left null = for ever.';

CREATE TABLE tenancy.tenant_taxes (
    tenant_id text COLLATE "C" NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    rate_pct numeric NOT NULL CHECK (rate_pct >= 0 AND rate_pct < 1000),
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE tenancy.tenant_taxes IS 'The tax rates, in percent, that invoices of a tenant have: a line each.';

CREATE TABLE tenancy.credit_grants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount numeric NOT NULL CHECK (amount > 0),
    balance numeric NOT NULL CHECK (balance >= 0 AND balance <= amount),
    priority integer NOT NULL DEFAULT 0,
    starts_at timestamptz NOT NULL,
    expires_at timestamptz CHECK (expires_at > starts_at),
    max_rollover numeric CHECK (max_rollover >= 0),
    rolled_from bigint,
    invoice_id bigint,
    reason text,
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
CREATE INDEX credit_grants_tenant ON tenancy.credit_grants (tenant_id);
CREATE INDEX credit_grants_expiry ON tenancy.credit_grants (expires_at, id) WHERE balance > 0;
COMMENT ON TABLE tenancy.credit_grants IS
'Prepaid credits of tenants: granted, drawn by invoices in the order priority, expiry, age, and expired with at most max_rollover carried to a next grant of the same length (rolled_from), as is what a void invoice or a credit note gives back after the end. The balance is never negative; invoice_id is of the invoice that a negative total came from.';

CREATE TABLE tenancy.credit_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grant_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    kind text NOT NULL CHECK (kind IN ('grant', 'draw', 'return', 'expire', 'revoke')),
    amount numeric NOT NULL,
    invoice_id bigint
);
CREATE INDEX credit_entries_grant ON tenancy.credit_entries (grant_id);
CREATE INDEX credit_entries_invoice ON tenancy.credit_entries (invoice_id) WHERE invoice_id IS NOT NULL;
COMMENT ON TABLE tenancy.credit_entries IS 'Every movement of a credit grant, positive into it; they add up to its balance.';
REVOKE ALL ON tenancy.coupons, tenancy.tenant_coupons, tenancy.tenant_taxes, tenancy.credit_grants, tenancy.credit_entries FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.coupons', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenant_coupons', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenant_taxes', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.credit_grants', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.credit_grants_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.credit_entries', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.credit_entries_id_seq', '');

CREATE FUNCTION tenancy.require_tenant(tenant text) RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result tenancy.tenants;
BEGIN
    SELECT * INTO result FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_tenant(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_tenant(text) IS 'Internal: locks a tenant, or says that there is none.';

CREATE FUNCTION tenancy.create_coupon(id text, percent_off numeric DEFAULT NULL, amount_off numeric DEFAULT NULL, currency text DEFAULT NULL,
    component text DEFAULT NULL, periods integer DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present tenancy.coupons;
    made tenancy.coupons;
BEGIN
    IF NOT tenancy.is_currency(create_coupon.currency) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid currency "%s"', create_coupon.currency),
            DETAIL = 'A currency is written as its three-letter ISO 4217 code, such as USD or EUR.';
    ELSIF round(create_coupon.amount_off, tenancy.currency_digits(create_coupon.currency)) <> create_coupon.amount_off THEN
        -- Rounded on the invoice it would be another amount, or none.
        RAISE check_violation;
    END IF;
    INSERT INTO tenancy.coupons (id, percent_off, amount_off, currency, component, periods)
    VALUES (create_coupon.id, create_coupon.percent_off, create_coupon.amount_off, create_coupon.currency, create_coupon.component, create_coupon.periods)
    ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF made.id IS NOT NULL THEN
        PERFORM tenancy.write_audit('create_coupon', made.id, NULL, to_jsonb(made));
        RETURN true;
    END IF;
    SELECT * INTO present FROM tenancy.coupons c WHERE c.id = create_coupon.id;
    IF (present.percent_off, present.amount_off, present.currency, present.component, present.periods) IS DISTINCT FROM
       (create_coupon.percent_off, create_coupon.amount_off, create_coupon.currency, create_coupon.component, create_coupon.periods) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('coupon "%s" already exists with other values', create_coupon.id),
            DETAIL = format('It has %s.', to_jsonb(present));
    END IF;
    RETURN false;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid coupon',
        HINT = 'An id of letters, digits, _ . and -; percent_off above 0 to 100, or amount_off above 0 in whole minor units of a currency; periods above 0 or null for ever.';
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_coupon(text, numeric, numeric, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_coupon(text, numeric, numeric, text, text, integer) IS
'Makes a coupon: percent_off, or amount_off in whole minor units of a currency, of the lines of one component or of the whole invoice (default), for a number of invoices (default all). True if it is new. Errors: 22023 bad values, 42710 exists with other values.';

CREATE FUNCTION tenancy.redeem_coupon(tenant text, coupon text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants := tenancy.require_tenant(tenant);
    found_coupon tenancy.coupons;
BEGIN
    SELECT * INTO found_coupon FROM tenancy.coupons c WHERE c.id = redeem_coupon.coupon;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('coupon "%s" does not exist', redeem_coupon.coupon),
            HINT = 'Create it with tenancy.create_coupon().';
    ELSIF found_coupon.currency <> (SELECT p.currency FROM tenancy.plans p WHERE p.id = payer.plan) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('coupon "%s" is in another currency', found_coupon.id),
            DETAIL = format('It is in %s, plan "%s" is not.', found_coupon.currency, payer.plan);
    END IF;
    INSERT INTO tenancy.tenant_coupons (tenant_id, coupon, periods_left)
    VALUES (payer.id, found_coupon.id, found_coupon.periods) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('redeem_coupon', payer.id, NULL, to_jsonb(found_coupon));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.redeem_coupon(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.redeem_coupon(text, text) IS
'Gives a tenant a coupon for its next invoices; once only: false if it had it. Errors: 42704 unknown tenant or coupon, 55000 another currency.';

CREATE FUNCTION tenancy.set_tax(tenant text, name text, rate_pct numeric) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants := tenancy.require_tenant(tenant);
    before numeric := (SELECT x.rate_pct FROM tenancy.tenant_taxes x WHERE x.tenant_id = payer.id AND x.name = set_tax.name);
BEGIN
    IF set_tax.name IS NULL OR set_tax.name = '' OR rate_pct < 0 OR rate_pct >= 1000 OR rate_pct = 'NaN' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid tax',
            HINT = 'A name, and a rate in percent from 0 to below 1000, or null to take it away.';
    ELSIF before IS NOT DISTINCT FROM set_tax.rate_pct THEN
        RETURN false;
    END IF;
    DELETE FROM tenancy.tenant_taxes x WHERE x.tenant_id = payer.id AND x.name = set_tax.name;
    INSERT INTO tenancy.tenant_taxes SELECT payer.id, set_tax.name, set_tax.rate_pct WHERE set_tax.rate_pct IS NOT NULL;
    PERFORM tenancy.write_audit('set_tax', payer.id, jsonb_build_object(set_tax.name, before), jsonb_build_object(set_tax.name, set_tax.rate_pct));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_tax(text, text, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_tax(text, text, numeric) IS
'Sets a tax rate of a tenant in percent, which is a line of its own on its next invoices, on what is left after discounts; null takes it away. False if it is that already. Errors: 42704 unknown tenant, 22023 no name, or a rate out of range.';

CREATE FUNCTION tenancy.grant_credit(tenant text, amount numeric, expires_at timestamptz DEFAULT NULL, priority integer DEFAULT 0,
    max_rollover numeric DEFAULT NULL, reason text DEFAULT NULL, starts_at timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants := tenancy.require_tenant(tenant);
    code text := (SELECT p.currency FROM tenancy.plans p WHERE p.id = payer.plan);
    made tenancy.credit_grants;
BEGIN
    IF code IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('tenant "%s" has no plan', payer.id),
            HINT = 'Its plan says what currency credits are in: give it one with tenancy.set_plan().';
    ELSIF (amount > 0) IS NOT TRUE OR amount IN ('NaN', 'Infinity') OR NOT isfinite(starts_at) OR max_rollover = 'NaN' OR round(amount, tenancy.currency_digits(code)) <> amount OR max_rollover < 0
       OR expires_at <= coalesce(starts_at, tenancy.clock_time()) OR (max_rollover IS NOT NULL AND expires_at IS NULL) OR priority IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid credit',
            HINT = 'An amount above 0 in whole minor units of the currency; a finite start, and an expiry after it; max_rollover not negative, and only with an expiry.';
    END IF;
    INSERT INTO tenancy.credit_grants (tenant_id, currency, amount, balance, priority, starts_at, expires_at, max_rollover, reason)
    VALUES (payer.id, code, grant_credit.amount, grant_credit.amount, grant_credit.priority, coalesce(grant_credit.starts_at, tenancy.clock_time()),
        grant_credit.expires_at, grant_credit.max_rollover, grant_credit.reason) RETURNING * INTO made;
    INSERT INTO tenancy.credit_entries (grant_id, kind, amount) VALUES (made.id, 'grant', made.amount);
    PERFORM tenancy.write_audit('grant_credit', payer.id, NULL, to_jsonb(made));
    RETURN made.id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.grant_credit(text, numeric, timestamptz, integer, numeric, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.grant_credit(text, numeric, timestamptz, integer, numeric, text, timestamptz) IS
'Grants a tenant prepaid credit in its plan''s currency and returns the grant''s id. Invoices draw it down after tax: grants of lower priority numbers first, then what expires first, then the older. At expires_at (default never) what is left is gone, but for at most max_rollover, which goes on in a grant of the same length. Errors: 42704 unknown tenant, 22023 bad amount or times, 55000 no plan.';

CREATE FUNCTION tenancy.expire_credits(tenant text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    old_grant tenancy.credit_grants;
    next_amount numeric;
    next_id bigint;
    next_end timestamptz;
    seconds numeric;
    result bigint := 0;
    known_id text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(expire_credits.tenant));
BEGIN
    IF expire_credits.tenant IS NOT NULL AND known_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', expire_credits.tenant), HINT = 'Check the spelling.';
    END IF;
    LOOP
        IF expire_credits.tenant IS NULL THEN
            SELECT * INTO old_grant FROM tenancy.credit_grants g WHERE g.expires_at <= now AND g.balance > 0
            ORDER BY g.expires_at, g.id LIMIT 1 FOR UPDATE;
        ELSE
            SELECT * INTO old_grant FROM tenancy.credit_grants g
            WHERE g.tenant_id = known_id AND g.expires_at <= now AND g.balance > 0
            ORDER BY g.expires_at, g.id LIMIT 1 FOR UPDATE;
        END IF;
        EXIT WHEN NOT FOUND;
        next_amount := coalesce(tenancy.roll_over(old_grant.balance, 0, old_grant.max_rollover), 0)
            * (old_grant.max_rollover IS NOT NULL)::integer;
        UPDATE tenancy.credit_grants g SET balance = 0 WHERE g.id = old_grant.id;
        INSERT INTO tenancy.credit_entries (grant_id, kind, amount) VALUES (old_grant.id, 'expire', -old_grant.balance);
        IF next_amount > 0 THEN
            -- In seconds: days would be those of the session's time zone. To the length that is running: between, nothing can
            -- have changed, and short ones would be without number.
            seconds := extract(epoch FROM old_grant.expires_at - old_grant.starts_at);
            next_end := old_grant.expires_at + make_interval(secs => (seconds * (div(extract(epoch FROM now - old_grant.expires_at), seconds) + 1))::double precision);
            INSERT INTO tenancy.credit_grants (tenant_id, currency, amount, balance, priority, starts_at, expires_at, max_rollover, rolled_from, reason)
            VALUES (old_grant.tenant_id, old_grant.currency, next_amount, next_amount, old_grant.priority,
                next_end - make_interval(secs => seconds::double precision), next_end, old_grant.max_rollover, old_grant.id, old_grant.reason)
            RETURNING id INTO next_id;
            INSERT INTO tenancy.credit_entries (grant_id, kind, amount) VALUES (next_id, 'grant', next_amount);
        END IF;
        result := result + 1;
    END LOOP;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.expire_credits(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.expire_credits(text) IS
'Ends credits whose time is over, of one tenant or of all, and carries over what rolls over; returns how many ended. Invoices do it for their tenant first; tenancyd serve calls it. Error: 42704 unknown tenant.';

-- Credit that was drawn was used in time: that its grant has ended since must not cost the tenant what a document gives back
-- now. There it would end at once, and so goes on in a grant of the same length.
CREATE FUNCTION tenancy.return_credit(grant_id bigint, amount numeric, invoice bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    drawn tenancy.credit_grants;
    next_id bigint;
BEGIN
    SELECT * INTO STRICT drawn FROM tenancy.credit_grants g WHERE g.id = return_credit.grant_id FOR UPDATE;
    INSERT INTO tenancy.credit_entries (grant_id, kind, amount, invoice_id) VALUES (drawn.id, 'return', return_credit.amount, invoice);
    IF drawn.expires_at <= now THEN
        INSERT INTO tenancy.credit_entries (grant_id, kind, amount) VALUES (drawn.id, 'expire', -return_credit.amount);
        INSERT INTO tenancy.credit_grants (tenant_id, currency, amount, balance, priority, starts_at, expires_at, max_rollover, rolled_from, reason)
        VALUES (drawn.tenant_id, drawn.currency, return_credit.amount, return_credit.amount, drawn.priority, now,
            -- In seconds: days would be those of the session's time zone.
            now + make_interval(secs => extract(epoch FROM drawn.expires_at - drawn.starts_at)::double precision),
            drawn.max_rollover, drawn.id, drawn.reason)
        RETURNING id INTO next_id;
        INSERT INTO tenancy.credit_entries (grant_id, kind, amount) VALUES (next_id, 'grant', return_credit.amount);
    ELSE
        UPDATE tenancy.credit_grants g SET balance = g.balance + return_credit.amount WHERE g.id = drawn.id;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.return_credit(bigint, numeric, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.return_credit(bigint, numeric, bigint) IS
'Internal: gives back to a grant, or to a new one where it has ended, what an invoice drew, by voiding it or a credit note.';
