-- what: profit from grants made before there was a wall
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
ALTER DEFAULT PRIVILEGES FOR ROLE attacks_owner IN SCHEMA scratch GRANT ALL ON TABLES TO PUBLIC;
\if :is_walled
\else
SET tenancy.auto_attach = off;
\endif
SET ROLE attacks_owner;
CREATE TABLE scratch.fresh AS SELECT 'own' AS tenant_id, 'mine' AS body;
RESET ROLE;
INSERT INTO scratch.fresh VALUES ('other', 'LEAK');
-- attack
SELECT count(*) AS n FROM scratch.fresh WHERE tenant_id = 'own' \gset
\echo want 1 got :n
SELECT body FROM scratch.fresh;
DELETE FROM scratch.fresh;
SELECT data.peek($$SELECT count(*) FROM scratch.fresh WHERE tenant_id = 'other'$$) AS n \gset
\echo leak 0 got :n
-- after
ALTER DEFAULT PRIVILEGES FOR ROLE attacks_owner IN SCHEMA scratch REVOKE ALL ON TABLES FROM PUBLIC;
