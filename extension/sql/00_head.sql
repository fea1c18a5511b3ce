-- Opening of the install script: how it may be run, and in what state.
-- SPDX-License-Identifier: PostgreSQL
\echo Use "CREATE EXTENSION tenancy" to load this file. \quit

-- The schema may have been there before. Its owner could change everything made in it, so it has to
-- be empty and ours.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = 'tenancy'::pg_catalog.regnamespace)
       OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = 'tenancy'::pg_catalog.regnamespace)
       OR (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy')
          <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = 'schema "tenancy" is not empty or belongs to somebody else',
            HINT = 'Drop or rename the schema and run CREATE EXTENSION tenancy again.';
    END IF;
END
$$;

REVOKE ALL ON SCHEMA tenancy FROM PUBLIC;
-- Everybody may call what is granted to them one by one below.
GRANT USAGE ON SCHEMA tenancy TO PUBLIC;
COMMENT ON SCHEMA tenancy IS 'Multi-tenancy: tenant context, row security, quotas, usage metering and billing.';

