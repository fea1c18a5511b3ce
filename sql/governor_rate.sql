-- Statements a second of a tenant: a burst, then one an interval, for all its sessions but a superuser's.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('gr_small'), tenancy.create_tenant('gr_acme', 'gr_small'), tenancy.create_tenant('gr_other', 'gr_small');
SELECT tenancy.set_plan_setting('gr_small', 'tenancy.statement_rate', '2'), tenancy.set_plan_setting('gr_small', 'tenancy.statement_burst', '3');
CREATE ROLE regress_gr_app;
SET tenancy.tenant_id = 'gr_acme';
SET ROLE regress_gr_app;
SELECT 1 AS one;
SELECT 2 AS two;
DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;
SELECT 4 AS four;
-- another tenant has its own
SET tenancy.tenant_id = 'gr_other';
SELECT 1 AS one;
SET tenancy.tenant_id = 'gr_acme';
DO $$ BEGIN NULL; END $$;
-- transaction control, settings and closing are never refused
BEGIN;
ROLLBACK;
CLOSE ALL;
RESET ROLE;
SET tenancy.clock = '2026-03-15 12:00:00.5';
SET tenancy.clock = '2026-03-15 12:00:01';
SET ROLE regress_gr_app;
SELECT 1 AS one;
SELECT 2 AS two;
SELECT 3 AS three;
RESET ROLE;
SELECT 'a superuser always comes in' AS result;
-- what a commit does is no statement of the client's
CREATE TABLE gr_parents (id int PRIMARY KEY);
CREATE TABLE gr_children (id int REFERENCES gr_parents DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON gr_parents, gr_children TO regress_gr_app;
INSERT INTO gr_parents VALUES (1);
SET tenancy.clock = '2026-03-15 12:00:30';
SELECT tenancy.set_plan_setting('gr_small', 'tenancy.statement_burst', '1');
SET ROLE regress_gr_app;
BEGIN;
INSERT INTO gr_children VALUES (1);
COMMIT;
SELECT 'refused';
RESET ROLE;
SELECT * FROM gr_children;
DROP TABLE gr_children, gr_parents;
-- without the setting there is no rate
SELECT tenancy.remove_plan_setting('gr_small', 'tenancy.statement_rate');
SET ROLE regress_gr_app;
SELECT 1 AS one;
RESET ROLE;
RESET tenancy.tenant_id;
DROP ROLE regress_gr_app;
