-- what: a leaky function in a query through a view without a barrier
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
CREATE VIEW scratch.view AS SELECT * FROM :t WHERE tenant_id = :'own';
GRANT SELECT ON scratch.view TO PUBLIC;
-- attack
CREATE FUNCTION pg_temp.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
SELECT count(*) FROM scratch.view WHERE pg_temp.spy(body) \gset
\echo want 3 got :count
SELECT count(*) FROM :t WHERE pg_temp.spy(body) AND amount > 0;
SELECT count(*) FROM :part WHERE pg_temp.spy(body);
