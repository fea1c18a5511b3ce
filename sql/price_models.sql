-- Every price model, tier by tier: the lines of a price add up, and units times price plus flat is each line.
\set SHOW_CONTEXT never
\set tiers '{"tiers": [{"up_to": "100", "unit": "0.10", "flat": "5"}, {"from": "100", "up_to": "1000", "unit": "0.05"}, {"up_to": null, "unit": "0.01", "flat": "2"}]}'
SELECT * FROM tenancy.price('graduated', :'tiers', 100.5);
SELECT * FROM tenancy.price('graduated', :'tiers', 0);
SELECT * FROM tenancy.price('graduated', jsonb_set(:'tiers', '{zero_flat}', 'false'), 0);
SELECT * FROM tenancy.price('volume', :'tiers', 1000);
SELECT * FROM tenancy.price('volume', :'tiers', 1000.001);
SELECT * FROM tenancy.price('graduated_percentage', '{"tiers": [{"up_to": "1000", "rate_pct": "2.9", "flat": "0.30"}, {"up_to": null, "rate_pct": "2.2"}]}', 1500);
SELECT * FROM tenancy.price('package', '{"size": "10", "price": "3", "free_units": "5"}', 26);
SELECT * FROM tenancy.price('package', '{"size": "3", "price": "1"}', 1000000000000000000000000000001);
SELECT * FROM tenancy.price('stair_step', '{"tiers": [{"up_to": "10", "price": "0"}, {"up_to": "50", "price": "99"}]}', 11);
SELECT * FROM tenancy.price('block_tiers', '{"tiers": [{"block": "10", "max_blocks": 2, "price": "1"}, {"block": "100", "max_blocks": null, "price": "5"}]}', 21);
SELECT * FROM tenancy.price('percentage', '{"rate_pct": "1.5", "fixed_per_event": "0.25"}', 200);
SELECT * FROM tenancy.price_events('percentage', '{"rate_pct": "10", "free_events": 2, "min_per_txn": "1", "max_per_txn": "5"}', '{100,100,1,20,100,0}');
SELECT * FROM tenancy.price_matrix('{"attribute": "region", "prices": {"eu": {"model": "per_unit", "params": {"unit": "2"}}}, "default": {"model": "flat", "params": {"amount": "7"}}}', '{"eu": "3", "us": "9"}');
SELECT * FROM tenancy.price_capacity('{"tiers": [{"price": "10", "max": {"seats": "5"}}, {"price": "30", "max": {"seats": "-1"}}]}', '{"seats": "6"}');
SELECT * FROM tenancy.price_prorated('{"tiers": [{"up_to": "2", "unit": "10"}, {"up_to": null, "unit": "5", "flat": "1"}]}', 1, '{2,-2}', '{0.5,0.25}');
SELECT tenancy.allocate(-1.00, '{1,1,1}', 2), tenancy.allocate(0, '{1,2}', 2), tenancy.allocate(100, '{0,1}', 0);
SELECT m, tenancy.round_money(2.5, 0, m), tenancy.round_money(-2.5, 0, m), tenancy.round_money(0.125, 2, m), tenancy.round_money(15, -1, m)
FROM unnest('{half_up,half_even,up,down,none}'::text[]) m;
SELECT * FROM tenancy.proration_days('30/360', '2024-02-01', '2024-03-01', '2024-02-16', '2024-03-01');
-- Over any quantity a price is monotone (volume need not be), lines are what they say, and any splitting comes to the same.
WITH prices(model, params) AS (VALUES
    ('per_unit', '{"unit": "0.07"}'::jsonb), ('graduated', :'tiers'), ('package', '{"size": "7", "price": "0.5", "free_units": "3"}'),
    ('graduated_percentage', '{"tiers": [{"up_to": "50", "rate_pct": "3"}, {"up_to": null, "rate_pct": "1", "flat": "4"}]}'),
    ('stair_step', '{"tiers": [{"up_to": "100", "price": "5"}, {"up_to": null, "price": "50"}]}'),
    ('block_tiers', '{"tiers": [{"block": "10", "max_blocks": "3", "price": "1"}, {"block": "25", "max_blocks": "-1", "price": "2"}]}'),
    ('percentage', '{"rate_pct": "2", "min_per_txn": "1", "max_per_txn": "9"}'))
SELECT model, count(*) AS quantities, bool_and(c.amount >= coalesce(c.before, 0)) AS monotone, bool_and(c.lines_hold) AS lines_hold,
    sum(c.delta) = max(c.amount) AS splits
FROM prices CROSS JOIN LATERAL (
    SELECT q, p.amount, p.lines_hold, lag(p.amount) OVER (ORDER BY q) AS before,
        CASE WHEN q = 0 THEN p.amount ELSE tenancy.price_delta(model, params, q - 0.5, q) END AS delta
    FROM (SELECT n * 0.5 AS q FROM generate_series(0, 2600) n) n
    CROSS JOIN LATERAL (SELECT sum(x.amount) AS amount, bool_and(x.amount = x.units * x.unit_amount + x.flat_amount OR model = 'percentage') AS lines_hold
                        FROM tenancy.price(model, params, q) x) p) c
GROUP BY model ORDER BY model COLLATE "C";
