-- What has no price is an error that says why, never a guess.
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.try(model text, params text, quantity numeric DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    RETURN (SELECT string_agg(p.amount::text, ' ') FROM tenancy.price(model, params::jsonb, quantity) p);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', sqlstate, sqlerrm || '.', detail);
END
$$;
SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": "10", "unit": "1"}, {"up_to": "10", "unit": "2"}, {"up_to": null}]}') AS overlap
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": "10", "unit": "1"}, {"from": "5", "up_to": null}]}')
UNION ALL SELECT pg_temp.try('volume', '{"tiers": [{"up_to": "10", "unit": "1"}, {"from": "11", "up_to": null}]}')
UNION ALL SELECT pg_temp.try('volume', '{"tiers": [{"up_to": null, "unit": "1"}, {"up_to": null}]}')
UNION ALL SELECT pg_temp.try('volume', '{"tiers": [{"up_to": "10", "unit": "1"}]}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": []}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": {}}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": null, "price": "1"}]}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": null, "unit": 0.1}]}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": null, "unit": "-1"}]}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": null, "unit": "1"}], "zero_flat": "no"}')
UNION ALL SELECT pg_temp.try('graduated', '{"tiers": [{"up_to": null, "unit": "1"}]}', -1)
UNION ALL SELECT pg_temp.try('stair_step', '{"tiers": [{"up_to": "10", "price": "5"}]}', 11)
UNION ALL SELECT pg_temp.try('block_tiers', '{"tiers": [{"block": "1", "max_blocks": "2", "price": "5"}]}', 3)
UNION ALL SELECT pg_temp.try('block_tiers', '{"tiers": [{"block": "0", "price": "5"}]}')
UNION ALL SELECT pg_temp.try('block_tiers', '{"policy": "MIDDLE", "tiers": [{"block": "1", "price": "5"}]}')
UNION ALL SELECT pg_temp.try('package', '{"size": "0", "price": "5"}')
UNION ALL SELECT pg_temp.try('package', '{"price": "5"}')
UNION ALL SELECT pg_temp.try('package', '{"size": "2", "price": "5", "round": "half"}')
UNION ALL SELECT pg_temp.try('percentage', '{"rate_pct": "1", "min_per_txn": "2", "max_per_txn": "1"}')
UNION ALL SELECT pg_temp.try('percentage', '{"rate_pct": "1"}', -1)
UNION ALL SELECT pg_temp.try('per_unit', '[1]')
UNION ALL SELECT pg_temp.try('per_unit', '{"unit": null}')
UNION ALL SELECT pg_temp.try('per_unit', '{"unit": "1"}', 'Infinity');
SELECT tenancy.prorate(1, 1, 0);
SELECT tenancy.prorate(1, -1, 2);
SELECT tenancy.round_money(1, 2, 'nearest');
SELECT tenancy.proration_days('lunar', '2026-01-01', '2026-02-01', '2026-01-01', '2026-01-02');
SELECT tenancy.proration_days('actual', '2026-02-01', '2026-01-01', '2026-01-01', '2026-01-02');
SELECT tenancy.apply_commitment(1, 0, 5, 4);
SELECT tenancy.allocate(1.001, '{1}', 2);
SELECT tenancy.allocate(1, '{0,0}', 2);
SELECT tenancy.allocate(1, '{1,-1}', 2);
SELECT tenancy.price_capacity('{"tiers": [{"price": "1", "max": {"seats": "1"}}]}', '{"seats": "2"}');
SELECT * FROM tenancy.price_matrix('{"attribute": "region", "prices": {}}', '{"us": "1"}');
SELECT tenancy.aggregate_values('median', '{1}');
SELECT tenancy.convert_units(1, 'divide', 0);
SELECT tenancy.price_prorated('{"tiers": [{"up_to": null, "unit": "1"}]}', 1, '{-2}', '{1}');
SELECT tenancy.weigh_by_time('2026-01-02', '2026-01-01', 0, '{}', '{}');
