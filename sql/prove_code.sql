-- prove_isolation() calls no code of others in the caller's session, however it is reached, unless it may.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_pc_owner;
CREATE SCHEMA pc AUTHORIZATION regress_pc_owner;
SET search_path = pc;
SET ROLE regress_pc_owner;
CREATE SEQUENCE calls;
CREATE FUNCTION called() RETURNS boolean LANGUAGE plpgsql SET search_path = pc AS 'BEGIN PERFORM nextval(''pc.calls''); RETURN true; END';
CREATE FUNCTION called(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pc.called(); RETURN $1; END';
CREATE FUNCTION called_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pc.called(); RETURN NEW; END';
CREATE TABLE by_check (tenant_id text, b int CHECK (called()));
CREATE DOMAIN asked AS text CHECK (called(VALUE) = VALUE);
CREATE TABLE by_domain (tenant_id text, b asked[]);
CREATE TYPE pair AS (a int, b asked);
CREATE TABLE by_composite (tenant_id text, b pair);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION mood_as_json(mood) RETURNS json LANGUAGE sql IMMUTABLE AS $$ SELECT to_json(pc.called('x')) $$;
CREATE CAST (mood AS json) WITH FUNCTION mood_as_json(mood);
CREATE TABLE by_cast (tenant_id text, b mood);
CREATE TABLE by_index (tenant_id text, b text);
CREATE INDEX ON by_index (called(b));
CREATE TABLE by_statistics (tenant_id text, b text);
CREATE STATISTICS called_of ON tenant_id, (called('x') || b) FROM by_statistics;
CREATE TABLE by_policy (tenant_id text, b text);
CREATE POLICY more ON by_policy AS RESTRICTIVE USING (called());
CREATE TABLE by_generated (tenant_id text, b text, c text GENERATED ALWAYS AS (called(b)) STORED);
CREATE TABLE by_trigger (tenant_id text, b int);
CREATE TRIGGER called BEFORE INSERT ON by_trigger FOR EACH ROW EXECUTE FUNCTION called_trigger();
ALTER TABLE by_trigger ENABLE ALWAYS TRIGGER called;
CREATE TABLE by_rule (tenant_id text, b int);
CREATE RULE called AS ON INSERT TO by_rule DO ALSO SELECT called();
CREATE FUNCTION called_compare(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT pc.called($1) = $2 $$;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = called_compare);
CREATE TABLE by_operator (tenant_id text, b text, CHECK (b === b));
CREATE TABLE by_partition (tenant_id text, b int) PARTITION BY RANGE (b);
CREATE TABLE by_partition_1 PARTITION OF by_partition (CHECK (called())) FOR VALUES FROM (0) TO (10);
CREATE TABLE referred (tenant_id text, b int CHECK (called()), PRIMARY KEY (tenant_id, b));
CREATE TABLE by_reference (tenant_id text, b int NOT NULL, FOREIGN KEY (tenant_id, b) REFERENCES referred);
CREATE TABLE harmless (tenant_id text, b int CHECK (b > 0), c int GENERATED ALWAYS AS (b + 1) STORED);
RESET ROLE;
SELECT setval('calls', 1, false) IS NOT NULL AS begun;
SELECT relation, attack, role, outcome, detail FROM tenancy.prove_isolation(ARRAY(SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'pc'::regnamespace AND c.relkind IN ('r', 'p'))) WHERE relation <> 'harmless'::regclass ORDER BY relation::text;
SELECT DISTINCT relation, outcome FROM tenancy.prove_isolation('{harmless}') WHERE role = 'application' AND outcome <> 'not tried';
SELECT is_called FROM calls;
-- It may.
SELECT DISTINCT relation, outcome FROM tenancy.prove_isolation('{by_check}', fire_triggers => true) WHERE role = 'application' AND outcome <> 'not tried';
SELECT is_called FROM calls;
-- The owner's own.
SELECT tenancy.grant_operator('regress_pc_owner');
SET SESSION AUTHORIZATION regress_pc_owner;
SELECT DISTINCT relation, outcome FROM tenancy.prove_isolation('{by_check}') WHERE role = 'regress_pc_owner' AND outcome <> 'not tried';
RESET SESSION AUTHORIZATION;
SELECT tenancy.revoke_operator('regress_pc_owner');

SET client_min_messages = error;
DROP SCHEMA pc CASCADE;
DROP ROLE regress_pc_owner;
