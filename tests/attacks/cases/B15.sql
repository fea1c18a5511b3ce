-- what: find another tenant's rows in a temporary table of the session
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: as A17
-- attack
SET tenancy.tenant_id = :'other';
CREATE TEMP TABLE kept AS SELECT * FROM :t;
\echo want 00000 got :SQLSTATE
SET tenancy.tenant_id = :'own';
SELECT body FROM kept;
