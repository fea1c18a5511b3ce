-- prove_isolation(): a whole wall holds, and each way of breaking it is found by exactly the attacks it opens.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_prove_owner;
CREATE SCHEMA prove_broken;
GRANT ALL ON SCHEMA prove_broken TO regress_prove_owner;
SET search_path = prove_broken;
SET ROLE regress_prove_owner;
CREATE TABLE notes (tenant_id text, id int, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE parts (tenant_id text, id int, PRIMARY KEY (tenant_id, id)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
RESET ROLE;
-- What is not held, by role.
CREATE FUNCTION pg_temp.broken(VARIADIC relations regclass[])
RETURNS TABLE(relation regclass, role name, outcome text, attacks text) LANGUAGE sql AS $$
    SELECT p.relation, CASE p.role WHEN session_user THEN 'superuser' ELSE p.role END, p.outcome,
           string_agg(p.attack, ' ' ORDER BY p.n)
      FROM tenancy.prove_isolation(relations) WITH ORDINALITY AS p(relation, attack, role, outcome, detail, n)
     WHERE p.outcome IN ('BROKEN', 'leaks')
     GROUP BY 1, p.role, 3 ORDER BY 1, p.role COLLATE "C" $$;

SELECT (SELECT count(*) FROM tenancy.tenants) AS tenants, (SELECT count(*) FROM tenancy.audit_log) AS audited \gset
SELECT relation, outcome, count(*) FROM tenancy.prove_isolation('{notes,parts}') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT attack, outcome, detail FROM tenancy.prove_isolation('{notes}') WHERE role = 'application';
SELECT role, string_agg(attack, ' ' ORDER BY attack) FROM tenancy.prove_isolation('{notes}') WHERE outcome = 'not tried' AND role <> session_user GROUP BY 1 ORDER BY 1;
-- Nothing is left of it.
SELECT count(*) - :tenants AS tenants FROM tenancy.tenants;
SELECT count(*) FROM notes;
SELECT count(*) - :audited AS audited FROM tenancy.audit_log;
SELECT count(*) FROM pg_roles WHERE rolname LIKE 'tenancy_prove%';
SELECT count(*) FROM pg_prepared_statements;
SELECT current_user = session_user AS same, current_setting('tenancy.tenant_id') AS tenant, current_setting('session_replication_role') AS role;

-- Further policies, grants, settings do not open it.
BEGIN;
CREATE POLICY everybody ON notes USING (true) WITH CHECK (true);
GRANT ALL ON notes TO PUBLIC;
ALTER TABLE notes ALTER tenant_id DROP DEFAULT;
SET LOCAL tenancy.strict = on;
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
-- Without the restrictive policy there is no wall for those who bypass row security.
BEGIN;
DROP POLICY tenancy_isolation ON notes;
SELECT * FROM pg_temp.broken('notes');
-- And with a permissive one that admits all, for nobody.
CREATE POLICY everybody ON notes USING (true) WITH CHECK (true);
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
-- Half a wall: reading is open, writing is not.
BEGIN;
DROP POLICY tenancy_access ON notes;
CREATE POLICY everybody ON notes USING (true) WITH CHECK (true);
ALTER POLICY tenancy_isolation ON notes USING (true);
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
-- Not forced: the owner without a tenant.
BEGIN;
ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
-- Disabled: everybody without a tenant.
BEGIN;
ALTER TABLE notes DISABLE ROW LEVEL SECURITY;
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
-- A partition without a wall, named directly.
BEGIN;
ALTER TABLE parts_1 DISABLE ROW LEVEL SECURITY;
DROP POLICY tenancy_isolation ON parts_1;
DROP POLICY tenancy_access ON parts_1;
SELECT * FROM pg_temp.broken('parts');
ROLLBACK;
-- Roles that bypass row security are let through.
SET tenancy.enforce_bypass = off;
SELECT * FROM pg_temp.broken('notes');
RESET tenancy.enforce_bypass;
-- The door is open.
BEGIN;
SELECT tenancy.break_glass('to see whether it is seen') IS NOT NULL AS open;
SELECT * FROM pg_temp.broken('notes');
ROLLBACK;
SELECT tenancy.open_glass('-infinity');
-- No wall at all, also when nobody names the table.
BEGIN;
SELECT tenancy.detach('notes');
SELECT * FROM pg_temp.broken('notes');
SELECT DISTINCT relation FROM tenancy.prove_isolation() WHERE outcome = 'BROKEN' AND relation = 'notes'::regclass;
ROLLBACK;
-- Keys that tell, and references that reach across.
BEGIN;
ALTER TABLE notes ADD UNIQUE (body), ADD UNIQUE (id), ADD parent int REFERENCES notes (id);
SELECT * FROM pg_temp.broken('notes');
SELECT DISTINCT attack, detail FROM tenancy.prove_isolation('{notes}') WHERE outcome = 'leaks';
ROLLBACK;
-- What another policy hides is not what the wall keeps.
BEGIN;
CREATE POLICY mine ON notes AS RESTRICTIVE FOR SELECT USING (body = 'mine');
SELECT outcome, string_agg(attack, ' ' ORDER BY attack) FROM tenancy.prove_isolation('{notes}') WHERE role = 'application' GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- A given role, with no more than it has.
CREATE ROLE regress_prove_reader;
GRANT USAGE ON SCHEMA prove_broken TO regress_prove_reader;
GRANT SELECT ON notes TO regress_prove_reader;
-- What COPY says differs between versions.
SELECT attack, outcome, CASE WHEN attack <> 'copy' THEN detail END AS detail FROM tenancy.prove_isolation('{notes}', '{regress_prove_reader}') WHERE role = 'regress_prove_reader';
-- An operator who is no superuser, as far as he may SET ROLE.
CREATE ROLE regress_prove_operator;
SELECT tenancy.grant_operator('regress_prove_operator');
GRANT regress_prove_owner TO regress_prove_operator;
SET ROLE regress_prove_operator;
SELECT relation, role, outcome, count(*), min(detail) FILTER (WHERE attack = '*') AS why FROM tenancy.prove_isolation('{notes}') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
RESET ROLE;
SELECT tenancy.revoke_operator('regress_prove_operator');
DROP SCHEMA prove_broken CASCADE;
DROP ROLE regress_prove_owner, regress_prove_reader, regress_prove_operator;
