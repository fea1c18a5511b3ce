-- What prices are written in: decimal strings and tiers, checked once for every model.
-- SPDX-License-Identifier: PostgreSQL

-- A text, since a JSON number may have passed through somebody's floating point; whole numbers may be either.
CREATE FUNCTION tenancy.price_number(params jsonb, name text, absent numeric DEFAULT NULL) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value jsonb := params -> name;
    figure text := params ->> name;
BEGIN
    IF value IS NULL OR value = 'null' THEN
        IF absent IS NOT NULL THEN
            RETURN absent;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('price parameter "%s" is missing', name),
            DETAIL = format('The parameters are %s.', params);
    END IF;
    IF jsonb_typeof(value) NOT IN ('string', 'number') OR figure !~ '^[0-9]{1,15}(\.[0-9]{1,20})?$'
       OR jsonb_typeof(value) = 'number' AND figure ~ '\.' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid price parameter "%s"', name),
            DETAIL = format('It is %s.', value),
            HINT = 'Write a decimal string such as "0.01", not negative, with at most 15 digits before the point and 20 after it.';
    END IF;
    RETURN figure::numeric;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_number(jsonb, text, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_number(jsonb, text, numeric) IS
'Internal: a decimal of a price''s parameters, or what stands for it where it is absent.';

-- Bounds are inclusive upper bounds of a continuous scale: 100.5 is in the tier that begins after 100.
CREATE FUNCTION tenancy.price_tiers(params jsonb, list text, keys text[], open_ended boolean DEFAULT true)
RETURNS TABLE (tier integer, above numeric, up_to numeric, item jsonb)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text;
    last integer := CASE jsonb_typeof(params -> list) WHEN 'array' THEN jsonb_array_length(params -> list) ELSE 0 END;
BEGIN
    IF last = 0 THEN
        problem := format('"%s" must be a list of at least one tier', list);
    END IF;
    above := 0;
    FOR n IN 1 .. last LOOP
        EXIT WHEN problem IS NOT NULL;
        tier := n;
        item := params -> list -> (tier - 1);
        IF jsonb_typeof(item) <> 'object' OR item - keys - '{from,up_to}'::text[] <> '{}' THEN
            problem := format('tier %s is not an object of %s', tier, array_to_string('{from,up_to}' || keys, ', '));
        ELSIF item ? 'from' AND tenancy.price_number(item, 'from') > above THEN
            problem := format('there is a gap below tier %s: it begins at %s, the one before it ends at %s', tier,
                item ->> 'from', above);
        ELSIF item ? 'from' AND tenancy.price_number(item, 'from') < above THEN
            problem := format('tier %s overlaps the one before it: it begins at %s, that one ends at %s', tier,
                item ->> 'from', above);
        ELSIF coalesce(item -> 'up_to', 'null') <> 'null' THEN
            up_to := tenancy.price_number(item, 'up_to');
            IF up_to <= above THEN
                problem := format('tier %s overlaps the one before it: it ends at %s, that one at %s', tier, up_to, above);
            ELSIF tier = last AND open_ended THEN
                problem := format('the last tier ends at %s: what is above it has no price', up_to);
            END IF;
        ELSIF tier < last THEN
            problem := format('tier %s has no end, and is not the last', tier);
        ELSE
            up_to := NULL;
        END IF;
        CONTINUE WHEN problem IS NOT NULL;
        RETURN NEXT;
        above := up_to;
    END LOOP;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid price tiers',
            DETAIL = upper(left(problem, 1)) || substr(problem, 2) || '.',
            HINT = 'Tiers go up: each ends at its up_to, which belongs to it, and the last one has "up_to": null.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_tiers(jsonb, text, text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_tiers(jsonb, text, text[], boolean) IS
'Internal: the tiers of a price in their order, checked for gaps and overlaps.';
