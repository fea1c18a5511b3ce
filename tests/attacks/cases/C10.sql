-- what: tell by a sequence how much others do
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: uuid keys, or `GENERATED` keys that are shown to nobody
-- setup
CREATE SEQUENCE scratch.numbers;
GRANT ALL ON SEQUENCE scratch.numbers TO PUBLIC;
-- attack
SELECT nextval('scratch.numbers') AS mine \gset
\echo want 1 got :mine
SET tenancy.tenant_id = :'other';
SELECT nextval('scratch.numbers') AS theirs \gset
SET tenancy.tenant_id = :'own';
SELECT nextval('scratch.numbers') - :mine AS gap \gset
\echo leak 2 got :gap
