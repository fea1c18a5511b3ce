-- Prices of random shapes: they are monotone where the model is, splitting changes nothing, and lines add up.
-- SPDX-License-Identifier: PostgreSQL
SELECT setseed((:seed % 10000) / 10000.0) \g /dev/null

CREATE SCHEMA books;
CREATE FUNCTION books.draw(low integer, high integer) RETURNS integer LANGUAGE sql VOLATILE RETURN low + floor(random() * (high - low + 1))::integer;

-- Tiers with growing bounds and any unit prices, down to a hundred-thousandth. A quotient has more zeros than a price may.
CREATE FUNCTION books.random_price(model text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    count integer := books.draw(1, 5);
    bounds integer[] := ARRAY(SELECT sum(d) OVER (ORDER BY n)::integer FROM (SELECT n, books.draw(1, 500) AS d FROM generate_series(1, count) n) b);
BEGIN
    RETURN CASE model
        WHEN 'per_unit' THEN jsonb_build_object('unit', trim_scale(books.draw(0, 99999) / 100000.0)::text)
        WHEN 'package' THEN jsonb_build_object('size', books.draw(1, 300)::text, 'price', trim_scale(books.draw(0, 9999) / 100.0)::text)
        WHEN 'stair_step' THEN jsonb_build_object('tiers', (SELECT jsonb_agg(CASE WHEN n < count THEN jsonb_build_object('up_to', bounds[n]::text, 'price', trim_scale(p)::text)
                ELSE jsonb_build_object('price', trim_scale(p)::text) END ORDER BY n) FROM (SELECT n, sum(books.draw(0, 5000)) OVER (ORDER BY n) / 100.0 AS p FROM generate_series(1, count) n) t))
        ELSE jsonb_build_object('tiers', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('up_to', CASE WHEN n < count THEN bounds[n]::text END,
                'unit', trim_scale(books.draw(0, 99999) / 100000.0)::text, 'flat', CASE WHEN books.draw(1, 3) = 1 THEN trim_scale(books.draw(0, 999) / 100.0)::text END)) ORDER BY n) FROM generate_series(1, count) n)) END;
END
$$;
CREATE FUNCTION books.cost(model text, params jsonb, quantity numeric) RETURNS numeric LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(p.amount), 0) FROM tenancy.price(model, params, quantity) p);

-- The last tier of stair_step without a bound is written so, or the model does not have one: then the price says so.
CREATE TABLE books.cases AS
SELECT m.model, books.random_price(m.model) AS params, books.draw(0, 2000) AS q1, books.draw(0, 1000) AS more, n
FROM unnest('{per_unit,package,graduated,volume,stair_step}'::text[]) m(model), generate_series(1, 60) n;

SELECT '300 random prices cost no less for more', string_agg(format('%s %s: %s costs %s, %s costs %s', model, params, q1, a, q1 + more, b), '; ')
FROM (SELECT c.*, books.cost(model, params, q1) AS a, books.cost(model, params, q1 + more) AS b FROM books.cases c WHERE model <> 'volume') x WHERE a > b;

SELECT 'tiers hold the quantity, and amounts come from units and prices', string_agg(format('%s %s of %s', model, params, q1), '; ')
FROM books.cases c WHERE model IN ('per_unit', 'graduated', 'volume')
  AND EXISTS (SELECT FROM (SELECT sum(p.units) AS units, bool_and(p.amount = p.units * p.unit_amount + p.flat_amount) AS fit FROM tenancy.price(model, params, q1) p) s
              WHERE coalesce(s.units, 0) <> q1 OR NOT s.fit);

SELECT 'billing a quantity in any parts comes to its price', string_agg(format('%s %s of %s: %s, not %s', model, params, q1 + more, parts, whole), '; ')
FROM (SELECT c.*, books.cost(model, params, q1 + more) AS whole, books.cost(model, params, 0) + (
          SELECT sum(d.amount) FROM (SELECT lag(q, 1, 0) OVER (ORDER BY q) AS was, q FROM (
              SELECT DISTINCT q FROM (SELECT books.draw(0, c.q1 + c.more) AS q FROM generate_series(1, 4) WHERE c.n > 0 UNION ALL SELECT c.q1 + c.more) s) t) u,
          LATERAL (SELECT tenancy.price_delta(c.model, c.params, u.was, u.q) AS amount) d) AS parts
      FROM books.cases c) x WHERE parts <> whole;

-- Shares of money: no unit is lost or made, and none is off by a whole one.
SELECT 'allotted amounts add up, each less than a unit off', string_agg(format('%s to %s: %s', exact, total, shares), '; ')
FROM (SELECT exact, round((SELECT sum(e) FROM unnest(exact) e), digits) AS total, digits,
          tenancy.allot(exact, round((SELECT sum(e) FROM unnest(exact) e), digits), digits) AS shares
      FROM (SELECT n, books.draw(0, 4) AS digits, ARRAY(SELECT (random() * 100 - 20)::numeric FROM generate_series(1, books.draw(1, 30)) WHERE n > 0) AS exact FROM generate_series(1, 200) n) r) x
WHERE (SELECT sum(s) FROM unnest(shares) s) <> total OR EXISTS (SELECT FROM unnest(exact, shares) AS s(e, v) WHERE abs(e - v) >= ('1e-' || digits)::numeric);
