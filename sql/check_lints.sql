-- check(): policies of the application and ways around the wall: each defect is found, and its repair mends it.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_lints_app;
CREATE ROLE regress_lints_bypass BYPASSRLS;
CREATE ROLE regress_lints_owner;
CREATE SCHEMA check_lints;
SET search_path = check_lints;
-- The one thing that check() is asked here: what is new since the test began.
CREATE TEMPORARY TABLE before AS SELECT * FROM tenancy.check();
CREATE FUNCTION pg_temp.findings() RETURNS SETOF before LANGUAGE sql AS
'SELECT * FROM tenancy.check() EXCEPT SELECT * FROM before';

CREATE TABLE notes (tenant_id text, owner name, parent int);
CREATE TABLE closed (code text);
SELECT tenancy.share('closed', 'codes');
ALTER TABLE closed ENABLE ROW LEVEL SECURITY;
CREATE TABLE dormant (code text);
SELECT tenancy.share('dormant', 'codes');
CREATE POLICY p ON dormant USING (code = 'x');
CREATE POLICY nothing_narrowed ON notes AS RESTRICTIVE USING (true);
CREATE POLICY nobody ON notes AS RESTRICTIVE FOR DELETE USING (false);
CREATE POLICY one_argument ON notes AS RESTRICTIVE FOR UPDATE USING (owner = current_setting('app.user')) WITH CHECK (current_setting('app."o''user') <> owner OR current_setting('app.other', true) = 'x');
CREATE POLICY by_role ON notes AS RESTRICTIVE FOR SELECT USING (owner = CURRENT_USER OR owner = SESSION_USER);
CREATE POLICY for_bypass ON notes AS RESTRICTIVE FOR SELECT TO regress_lints_bypass USING (owner = 'x');
CREATE TABLE members (name name);
SELECT tenancy.share('members', 'who is who');
GRANT SELECT, INSERT, UPDATE (name), DELETE ON members TO regress_lints_app, PUBLIC;
CREATE POLICY of_members ON notes AS RESTRICTIVE USING (owner IN (SELECT name FROM members));
CREATE FUNCTION is_mine(name) RETURNS boolean LANGUAGE sql RETURN $1 = 'me';
CREATE POLICY volatile ON notes AS RESTRICTIVE USING (is_mine(owner));
CREATE TABLE overlapping (tenant_id text, a int);
DROP POLICY tenancy_access ON overlapping;
CREATE POLICY one ON overlapping USING (a = 1);
CREATE POLICY two ON overlapping USING (a = 2) WITH CHECK (a = 3);
CREATE POLICY three ON overlapping FOR INSERT WITH CHECK (a = 4);
CREATE POLICY four ON overlapping FOR INSERT WITH CHECK (a = 5);

CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = check_lints, pg_temp AS 'SELECT count(*) FROM notes';
CREATE PROCEDURE do_as_owner() LANGUAGE sql SECURITY DEFINER SET search_path = check_lints AS 'SELECT';
CREATE FUNCTION on_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS 'BEGIN RETURN new; END';
CREATE TRIGGER on_write BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION on_write();
CREATE FUNCTION unpinned("Arg" int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
ALTER FUNCTION unpinned OWNER TO regress_lints_owner;
CREATE FUNCTION temp_first() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_temp, pg_catalog AS 'SELECT 1';
ALTER FUNCTION temp_first OWNER TO regress_lints_owner;
CREATE FUNCTION trusted(text) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT true';
GRANT regress_lints_bypass TO regress_lints_app;
CREATE FOREIGN DATA WRAPPER regress_lints_wrapper;
CREATE SERVER regress_lints_server FOREIGN DATA WRAPPER regress_lints_wrapper;
CREATE FOREIGN TABLE elsewhere (tenant_id text) SERVER regress_lints_server;
CREATE FOREIGN TABLE "Else Where" (code text) SERVER regress_lints_server;
CREATE FOREIGN TABLE own_only (tenant_id text) SERVER regress_lints_server;
GRANT SELECT ON elsewhere TO PUBLIC;
GRANT SELECT (code) ON "Else Where" TO regress_lints_app;
SET client_min_messages = error;
CREATE PUBLICATION regress_lints FOR TABLE notes, overlapping;
SET client_min_messages = warning;

\x
SELECT name, level, object, detail, regexp_replace(remediation, ' GRANTED BY \w+', '') AS remediation
  FROM pg_temp.findings() ORDER BY name COLLATE "C", object COLLATE "C", detail COLLATE "C";
\x
-- The repair of each makes it go.
\set ECHO none
SELECT format('%s; SELECT %L AS mended, NOT EXISTS (SELECT FROM pg_temp.findings() WHERE name = %L AND object = %L AND remediation = %L) AS gone',
              remediation, name, name, object, remediation)
  FROM (SELECT DISTINCT ON (name) * FROM pg_temp.findings() ORDER BY name, object, remediation) f
 WHERE name NOT IN ('policy_reads_role', 'policy_trusts_setting')
 ORDER BY name COLLATE "C" \gexec
-- And all of them, until nothing is left to do, leave nothing.
SELECT remediation FROM pg_temp.findings() ORDER BY array_position(ARRAY['ERROR', 'WARN', 'INFO'], level), name COLLATE "C" \gexec
SELECT remediation FROM pg_temp.findings() ORDER BY array_position(ARRAY['ERROR', 'WARN', 'INFO'], level), name COLLATE "C" \gexec
\set ECHO all
SELECT name, object FROM pg_temp.findings();
SELECT polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy
 WHERE polrelid = 'overlapping'::regclass AND polname <> 'tenancy_isolation' ORDER BY 1;

-- The server's version.
SELECT v.version, s.cve, s.level, s.fixed_in
  FROM unnest('{150000,150003,150008,150019,150020,160004,160016,170000,170011,170012,180000,180006,180007,190000}'::integer[]) v(version)
  LEFT JOIN tenancy.server_vulnerabilities(v.version) s ON s.fixed_in IS NOT NULL
 ORDER BY 1, 2;
SELECT cve, level, fixed_in FROM tenancy.server_vulnerabilities(180099);
SELECT name, object, remediation FROM tenancy.check_server_version(150008);

DROP SCHEMA check_lints CASCADE;
DROP FOREIGN DATA WRAPPER regress_lints_wrapper CASCADE;
DROP ROLE regress_lints_app, regress_lints_bypass, regress_lints_owner;
