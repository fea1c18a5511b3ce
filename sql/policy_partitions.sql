-- Partitions: every one has the wall, however it came to its place, because it can be named itself.
\set SHOW_CONTEXT never
CREATE ROLE regress_partitions_app;
CREATE SCHEMA policy_partitions;
GRANT USAGE ON SCHEMA policy_partitions TO regress_partitions_app;
SET search_path = policy_partitions;
SELECT tenancy.create_tenant('policy-partitions-a'), tenancy.create_tenant('policy-partitions-b');

-- Made before the table is attached, at two depths.
SET tenancy.auto_attach = off;
CREATE TABLE events (org text, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events
    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (org);
CREATE TABLE events_2024_rest PARTITION OF events_2024 DEFAULT;
INSERT INTO events VALUES ('policy-partitions-a', '2024-05-01', 'a'), ('policy-partitions-b', '2024-06-01', 'b');
SELECT tenancy.attach('events', 'org');
SELECT tenancy.attach('events');
SELECT relation, tenant_column, is_partition, forced FROM tenancy.attached_tables
 WHERE relation::text LIKE 'events%' ORDER BY relation::text COLLATE "C";

-- Made after: automatically, whatever tenancy.auto_attach and tenancy.tenant_column say.
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2024_b PARTITION OF events_2024 FOR VALUES IN ('policy-partitions-c');
-- Attached to the parent with rows of its own, and with a partition of its own.
CREATE TABLE events_2026 (org text NOT NULL, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE events_2026_1 PARTITION OF events_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
INSERT INTO events_2026 VALUES ('policy-partitions-a', '2026-01-02', 'a'), ('policy-partitions-b', '2026-01-03', 'b');
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT relation, tenant_column, forced FROM tenancy.attached_tables
 WHERE relation::text LIKE 'events%' ORDER BY relation::text COLLATE "C";
SELECT relation FROM tenancy.attached_tables
 WHERE relation::text LIKE 'events%' AND tenancy.attach(relation);

-- Named directly they show one tenant's rows.
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA policy_partitions TO regress_partitions_app;
SET ROLE regress_partitions_app;
SELECT count(*) FROM events_2026_1;
SET tenancy.tenant_id = 'policy-partitions-a';
SELECT * FROM events ORDER BY at;
TABLE events_2024_rest;
TABLE events_2026;
TABLE events_2026_1;
INSERT INTO events_2025 (at) VALUES ('2025-03-01') RETURNING *;
INSERT INTO events_2025 VALUES ('policy-partitions-b', '2025-03-01');
RESET tenancy.tenant_id;
RESET ROLE;

-- A partition that leaves keeps its wall; one whose parent is attached cannot be detached alone.
ALTER TABLE events DETACH PARTITION events_2025;
SELECT forced FROM tenancy.attached_tables WHERE relation = 'events_2025'::regclass;
SELECT tenancy.detach('events_2026');
\echo :SQLSTATE

-- A foreign table has no row security: it cannot become part of the table.
CREATE FOREIGN DATA WRAPPER regress_partitions_fdw;
CREATE SERVER regress_partitions_server FOREIGN DATA WRAPPER regress_partitions_fdw;
CREATE FOREIGN TABLE events_far PARTITION OF events
    FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') SERVER regress_partitions_server;
\echo :SQLSTATE
SELECT to_regclass('events_far');

-- A partition attached alone, and then its parent.
CREATE TABLE logs (tenant_id text, at date) PARTITION BY RANGE (at);
CREATE TABLE logs_1 PARTITION OF logs DEFAULT;
SELECT tenancy.attach('logs_1');
SELECT relation FROM tenancy.attached_tables WHERE relation::text LIKE 'logs%';
SELECT tenancy.attach('logs');
SELECT relation FROM tenancy.attached_tables WHERE relation::text LIKE 'logs%' ORDER BY relation::text COLLATE "C";

-- detach() takes all of them out.
SELECT tenancy.detach('events');
SELECT relation FROM tenancy.attached_tables WHERE relation::text LIKE 'events%' ORDER BY relation::text COLLATE "C";

RESET tenancy.auto_attach;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_partitions CASCADE;
DROP FOREIGN DATA WRAPPER regress_partitions_fdw CASCADE;
DROP ROLE regress_partitions_app;
