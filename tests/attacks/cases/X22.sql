-- what: plant a tenant for the role's later sessions with `ALTER ROLE … SET`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: set the tenant in every transaction; as A1 against malice; `pg_db_role_setting` shows it
-- attack
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET tenancy.tenant_id = 'other';
\echo want 00000 got :SQLSTATE
\connect - :role
SELECT body FROM :t;
-- after
ALTER ROLE :role IN DATABASE :"DBNAME" RESET tenancy.tenant_id;
