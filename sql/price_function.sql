-- Pricing is exact and says what it cannot price; rounding is allotted so that parts add up.
\set SHOW_CONTEXT never
SELECT * FROM tenancy.price('flat', '{"amount": "299"}', 0);
SELECT * FROM tenancy.price('per_unit', '{"unit": "0.001"}', 100000);
SELECT * FROM tenancy.price('per_unit', '{"unit": "0.0000000001"}', 9223372036854775807);
SELECT * FROM tenancy.price('per_unit', '{"unit": "0.01"}', NULL);
SELECT * FROM tenancy.price('barter', '{}', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tenancy.price('per_unit', '{"amount": "1"}', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tenancy.price('flat', '{"amount": "-1"}', 1);
SELECT * FROM tenancy.price('flat', '{"amount": 299}', 1);
SELECT * FROM tenancy.price('flat', '{"amount": "299", "unit": "1"}', 1);
SELECT * FROM tenancy.price('per_unit', '{"unit": "1e3"}', 1);
SELECT * FROM tenancy.price('per_unit', '{"unit": "free"}', 1);
SELECT * FROM tenancy.price('per_unit', NULL, 1);
SELECT * FROM tenancy.price('per_unit', '{"unit": "1"}', 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.allot('{0.333,0.333,0.334}', 1.00, 2), tenancy.allot('{1.005,2.005}', 3.01, 2), tenancy.allot('{1.4,1.4,1.4}', 4, 0);
SELECT tenancy.allot('{-0.5,-0.25}', -0.8, 1), tenancy.allot('{-0.5,-0.5}', -1, 0), tenancy.allot('{}', 0, 2), tenancy.allot('{10}', 10, 0);
SELECT tenancy.allot('{1,2}', 4, 0);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.allot('{1,NULL}', 1, 0);
SELECT tenancy.allot('{1}', 1.005, 2);
-- for any amounts the parts add up to the rounded sum, and none is off by a unit or more
SELECT count(*) AS rounds, bool_and(parts_add_up) AS parts_add_up, bool_and(none_off) AS none_off
FROM generate_series(1, 300) g
CROSS JOIN LATERAL (SELECT array_agg((('x' || substr(md5(g || '/' || n), 1, 7))::bit(28)::int % 100000) / 700.0) AS amounts FROM generate_series(1, 1 + g % 9) n) a
CROSS JOIN LATERAL (SELECT round(sum(x), 2) AS total FROM unnest(a.amounts) x) s
CROSS JOIN LATERAL (SELECT sum(p) = s.total AS parts_add_up, bool_and(abs(p - e) < 0.01) AS none_off
    FROM unnest(tenancy.allot(a.amounts, s.total, 2), a.amounts) AS u(p, e)) c;
SELECT tenancy.currency_digits('EUR'), tenancy.currency_digits('JPY'), tenancy.currency_digits('KWD');
