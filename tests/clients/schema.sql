-- A small application for several tenants: notes with a key and a body, of which the small plan allows a few.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('small'), tenancy.create_plan('large'), tenancy.create_metric('notes'),
    tenancy.set_limit('small', 'notes', 12, 'total'), tenancy.grant_operator(:'operator')
\gset
SELECT tenancy.create_tenant('cl_' || n, CASE WHEN n > 4 THEN 'small' ELSE 'large' END) AS made
FROM generate_series(1, 6) n
\g /dev/null
CREATE SCHEMA app AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA app TO :"app";
ALTER DATABASE :"database" SET search_path = app;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA app GRANT USAGE ON SEQUENCES TO :"app";
\if :make_table
SET ROLE :"owner";
CREATE TABLE app.notes (tenant_id text, key text, body text NOT NULL, PRIMARY KEY (tenant_id, key));
\endif
