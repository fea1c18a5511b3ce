-- what: `TRUNCATE`, which row security does not ask
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
TRUNCATE :t;
\echo want 42501 got :SQLSTATE
TRUNCATE :part;
\echo want 42501 got :SQLSTATE
CREATE TABLE scratch.parent (id int PRIMARY KEY);
TRUNCATE scratch.parent, :t CASCADE;
\echo want 42501 got :SQLSTATE
TRUNCATE scratch.parent;
\echo want 00000 got :SQLSTATE
