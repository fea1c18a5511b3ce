-- The application of the end-to-end test: knows nothing of tenancy but the column's name.
-- SPDX-License-Identifier: PostgreSQL
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO :app_role;

CREATE TABLE app.packages (
    tenant_id text COLLATE "C",
    package text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    architecture text COLLATE "C" NOT NULL,
    section text,
    installed_kib bigint NOT NULL,
    PRIMARY KEY (tenant_id, package, version, architecture)
);
CREATE TABLE app.dependencies (
    tenant_id text COLLATE "C",
    package text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    architecture text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    clause text NOT NULL,
    PRIMARY KEY (tenant_id, package, version, architecture, position),
    FOREIGN KEY (tenant_id, package, version, architecture) REFERENCES app.packages
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO :app_role;
