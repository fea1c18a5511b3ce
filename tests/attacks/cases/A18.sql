-- what: put functions and operators of the same name first in `search_path`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
CREATE FUNCTION pg_temp.current_tenant_text() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('attacks.other') $$;
CREATE FUNCTION scratch.always(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION scratch.always(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION scratch.always(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR scratch.= (LEFTARG = text, RIGHTARG = text, FUNCTION = scratch.always);
CREATE OPERATOR scratch.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = scratch.always);
CREATE OPERATOR scratch.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = scratch.always);
\echo want 00000 got :SQLSTATE
\if :is_super
\else
CREATE FUNCTION tenancy.current_tenant_text(integer) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
\echo want 42501 got :SQLSTATE
\endif
SET search_path = pg_temp, scratch, data, pg_catalog;
SELECT body FROM :t;
SELECT body FROM :t WHERE tenant_id = :'other';
UPDATE :t SET body = body;
\if :is_walled
\echo want 3 got :ROW_COUNT
\endif
