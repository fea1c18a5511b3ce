-- what: files and programs: `COPY PROGRAM`, `pg_read_file`, pages of the table
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- do: only superusers and `pg_read_server_files`, `pg_execute_server_program` may; give those to nobody
-- setup
CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA public;
-- attack
CREATE TEMP TABLE output (line text);
COPY output FROM PROGRAM 'echo';
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
SELECT pg_read_file('PG_VERSION') IS NULL;
SELECT convert_from(substring(t_data FROM position('LEAK'::bytea IN t_data) FOR 6), 'SQL_ASCII')
FROM heap_page_items(get_raw_page(:'t', 0)) WHERE position('LEAK'::bytea IN t_data) > 0;
\if :is_walled
\else
SELECT body FROM :t;
\endif
