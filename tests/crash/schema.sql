-- Tenants, limits and the business rows that stand beside each use.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('cr_plan'), tenancy.create_metric('cr.units'), tenancy.create_metric('cr.events');
-- The day's limit is never reached; it is there so that a window which begins anew is compared, too.
SELECT tenancy.set_limit('cr_plan', 'cr.units', 0, 'total'),
    tenancy.set_limit('cr_plan', 'cr.units', 1000000000, 'day');
SELECT tenancy.create_tenant('cr_1', 'cr_plan', time_zone => 'UTC'),
    tenancy.create_tenant('cr_2', 'cr_plan', time_zone => 'Asia/Kathmandu'),
    tenancy.create_tenant('cr_3', 'cr_plan', time_zone => 'America/New_York');

CREATE TABLE work (
    tenant_id text NOT NULL,
    token text NOT NULL,
    metric text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (tenant_id, token)
);
SELECT tenancy.attach('work');
-- What clients were told, to be compared with what is there.
CREATE TABLE told (token text PRIMARY KEY);

-- Consumes and inserts, and undoes both by an exception.
CREATE FUNCTION undo_by_exception(token text, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF tenancy.try_consume('cr.units', amount) THEN
        INSERT INTO work (token, metric, amount) VALUES (token, 'cr.units', amount);
    END IF;
    RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;

-- Uses what the limit still allows; returns how much that was.
CREATE FUNCTION use_the_rest(prefix text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    used bigint := 0;
BEGIN
    WHILE used < 100000 AND tenancy.try_consume('cr.units') LOOP
        used := used + 1;
    END LOOP;
    INSERT INTO work (token, metric, amount) VALUES (prefix, 'cr.units', used);
    RETURN used;
END $$;
