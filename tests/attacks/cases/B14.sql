-- what: copy rows into a new table: `CREATE TABLE AS`, `SELECT INTO`, `LIKE`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
\if :is_walled
\else
SET tenancy.auto_attach = off;
\endif
CREATE TABLE scratch.copy AS SELECT * FROM :t;
SELECT * INTO scratch.into FROM :t;
CREATE TABLE scratch.like (LIKE :t);
INSERT INTO scratch.like SELECT * FROM :t;
GRANT ALL ON scratch.copy, scratch.into, scratch.like TO PUBLIC;
-- attack
SELECT count(*) AS n FROM scratch.copy WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM scratch.copy;
SELECT body FROM scratch.into;
SELECT body FROM scratch.like;
CREATE TABLE scratch.mine AS SELECT * FROM :t;
\echo want 00000 got :SQLSTATE
SELECT body FROM scratch.mine;
