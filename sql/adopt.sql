-- adopt() turns a table in use into an attached one; repeating it changes nothing.
\set SHOW_CONTEXT never
CREATE ROLE regress_adopt_owner;
CREATE ROLE regress_adopt_app;
CREATE SCHEMA adopt AUTHORIZATION regress_adopt_owner;
GRANT USAGE ON SCHEMA adopt TO regress_adopt_app;
SELECT tenancy.create_tenant('adopt-main'), tenancy.create_tenant('adopt-b');
SET ROLE regress_adopt_owner;
CREATE TABLE adopt.notes (id int PRIMARY KEY, note text UNIQUE);
INSERT INTO adopt.notes VALUES (1, 'one'), (2, 'two');
GRANT SELECT, INSERT, UPDATE, DELETE ON adopt.notes TO regress_adopt_app;

-- What it would do.
CALL tenancy.adopt('adopt.notes', 'adopt-main', dry_run => true);
CALL tenancy.rollback_adoption('adopt.notes');
\d adopt.notes

-- Ready, but for the cut-over: the application goes on as it did.
CALL tenancy.adopt('adopt.notes', 'adopt-main', attach => false);
SELECT unit, step, statement, in_transaction FROM tenancy.adoption_statements('adopt.notes') WHERE NOT in_transaction;
SELECT statement FROM tenancy.adoption_statements('adopt.notes') WHERE NOT in_transaction \gexec
CALL tenancy.adopt('adopt.notes', attach => false);
\d adopt.notes
SET ROLE regress_adopt_app;
INSERT INTO adopt.notes VALUES (3, 'three') ON CONFLICT (id) DO NOTHING RETURNING *;
-- When it begins to set its tenant, its rows get that one, and it can already use the new keys.
SET tenancy.tenant_id = 'adopt-b';
INSERT INTO adopt.notes VALUES (4, 'four') ON CONFLICT (tenant_id, id) DO NOTHING RETURNING *;
RESET tenancy.tenant_id;

-- Attached.
SET ROLE regress_adopt_owner;
CALL tenancy.adopt('adopt.notes');
CALL tenancy.adopt('adopt.notes', 'adopt-main');
\d adopt.notes
SET ROLE regress_adopt_app;
TABLE adopt.notes;
SET tenancy.tenant_id = 'adopt-b';
INSERT INTO adopt.notes VALUES (1, 'one') RETURNING *;
TABLE adopt.notes;
SET tenancy.tenant_id = 'adopt-main';
TABLE adopt.notes;
RESET tenancy.tenant_id;
RESET ROLE;
SELECT relation, state, step, rows_done, rows_total, percent, time_left, last_error, started_by
  FROM tenancy.adoption_progress WHERE relation = 'adopt.notes'::regclass;
SELECT name, object FROM tenancy.check() WHERE object LIKE '%adopt.%';

-- It does not go back over rows that the old key could not tell apart; nothing is lost by trying.
CALL tenancy.rollback_adoption('adopt.notes', allow_blocking_indexes => true);
SELECT state, step, last_error FROM tenancy.adoption_progress WHERE relation = 'adopt.notes'::regclass;
CALL tenancy.adopt('adopt.notes');
DELETE FROM adopt.notes WHERE tenant_id = 'adopt-b' AND id = 1;
SET ROLE regress_adopt_owner;
CALL tenancy.rollback_adoption('adopt.notes', allow_blocking_indexes => true);
\d adopt.notes
TABLE adopt.notes ORDER BY id;
CALL tenancy.rollback_adoption('adopt.notes');
RESET ROLE;
SELECT action, object, before, after FROM tenancy.audit_log WHERE object = 'adopt.notes' ORDER BY id;

-- A table that is dropped is forgotten.
CALL tenancy.adopt('adopt.notes', 'adopt-main', attach => false);
DROP TABLE adopt.notes;
SELECT count(*) FROM tenancy.adoptions WHERE relation::text LIKE '%adopt%notes';

DROP SCHEMA adopt CASCADE;
DROP ROLE regress_adopt_owner, regress_adopt_app;
SELECT tenancy.close_tenant('adopt-main'), tenancy.close_tenant('adopt-b');
