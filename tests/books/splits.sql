-- The same use, recorded whole or in parts, in any order, rolled up at once or between: the same hours, the same invoice.
-- SPDX-License-Identifier: PostgreSQL
SELECT setseed((:seed % 9973) / 9973.0) \g /dev/null

SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_plan('split', currency => 'EUR'), tenancy.create_metric('split.calls'), tenancy.create_metric('split.level', aggregation => 'time_weighted'),
    tenancy.create_metric('split.users', aggregation => 'unique', attribute => 'user'), tenancy.set_fee('split', 'base', 9.99),
    tenancy.set_price_model('split', 'split.calls', 'graduated', '{"tiers": [{"up_to": "500", "unit": "0.013"}, {"up_to": "2000", "unit": "0.0071"}, {"unit": "0.0033"}]}'),
    tenancy.set_price('split', 'split.level', 0.0007), tenancy.set_price('split', 'split.users', 1.5) \g /dev/null
SELECT tenancy.create_tenant(t, 'split', time_zone => 'Asia/Kathmandu') FROM unnest('{whole,parts,backwards,chunks}'::text[]) t \g /dev/null

-- What is used: amounts, when, and of sums how they are split.
CREATE TABLE books.uses AS
SELECT n, m.metric, timestamptz '2026-01-01 00:00+00' + (random() * 2600000)::integer * interval '1 second' AS at,
    CASE m.metric WHEN 'split.calls' THEN books.draw(2, 40) ELSE books.draw(0, 9) END AS amount, books.draw(1, 39) AS first_part
FROM generate_series(1, 100) n, unnest('{split.calls,split.level,split.users}'::text[]) m(metric);

CREATE FUNCTION books.record(tenant text, u books.uses, amount integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tenancy.tenant_id', tenant, false);
    PERFORM tenancy.record_usage(u.metric, amount, at => u.at,
        attributes => CASE u.metric WHEN 'split.users' THEN jsonb_build_object('user', u.amount) END);
END
$$;
SET tenancy.clock = '2026-02-01 00:00:00';
DO $$
DECLARE
    u books.uses;
BEGIN
    FOR u IN SELECT * FROM books.uses ORDER BY at LOOP
        PERFORM books.record('whole', u, u.amount);
    END LOOP;
    COMMIT;
    FOR u IN SELECT * FROM books.uses ORDER BY random() LOOP
        IF u.metric = 'split.calls' THEN
            PERFORM books.record('parts', u, least(u.first_part, u.amount));
            PERFORM books.record('parts', u, u.amount - least(u.first_part, u.amount));
        ELSE
            PERFORM books.record('parts', u, u.amount);
        END IF;
    END LOOP;
    COMMIT;
    FOR u IN SELECT * FROM books.uses ORDER BY at DESC LOOP
        PERFORM books.record('backwards', u, u.amount);
    END LOOP;
    COMMIT;
    FOR u IN SELECT * FROM books.uses ORDER BY random() LOOP
        PERFORM books.record('chunks', u, u.amount);
        IF random() < 0.2 THEN
            COMMIT;
            PERFORM tenancy.rollup();
            COMMIT;
        END IF;
    END LOOP;
END
$$;
RESET tenancy.tenant_id;
SELECT tenancy.rollup('10 s') \g /dev/null

SELECT 'any order and any chunks of rolling up make the same hours', string_agg(x::text, '; ')
FROM (SELECT metric, hour, array_agg(DISTINCT quantity) AS quantities, count(*) FROM tenancy.usage_hourly GROUP BY metric, hour
      HAVING count(DISTINCT quantity) > 1 OR count(*) <> 4) x;

SET tenancy.clock = '2026-03-05 00:00:00';
SELECT count(tenancy.issue_invoice(t, d)) FROM unnest('{whole,parts,backwards,chunks}'::text[]) t, unnest('{2026-01-15,2026-02-15}'::date[]) d \g /dev/null
SELECT 'any split of use makes the same invoice', string_agg(x::text, '; ')
FROM (SELECT i.period_start, l.component, l.kind, array_agg(DISTINCT (l.quantity, l.exact_amount, l.amount)::text) AS lines FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
      GROUP BY 1, 2, 3 HAVING count(DISTINCT (l.quantity, l.exact_amount, l.amount)) > 1 OR count(*) <> 4) x;
SELECT 'reconcile() finds nothing', string_agg(r::text, '; ') FROM tenancy.reconcile('-infinity', 'infinity') r;
