-- what: open a second session from within: `dblink` as another role
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- do: keep `dblink` and `postgres_fdw` from applications; no stored credentials of roles that bypass row security
-- attack
SELECT * FROM dblink(format('host=%s port=%s dbname=%s user=attacks_bypass', :'host', :'port', current_database()),
    'SELECT body FROM ' || :'t') AS remote(body text);
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 2F003 got :SQLSTATE
\endif
\if :is_walled
\else
SELECT body FROM :t;
\endif
