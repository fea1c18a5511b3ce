-- what: find row security switched off, the policies asleep
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- do: `tenancy.check()` finds it, `attach()` mends it; only a table's owner or a superuser can
-- types: text
-- setup
ALTER TABLE :t DISABLE ROW LEVEL SECURITY;
ALTER TABLE :part DISABLE ROW LEVEL SECURITY;
-- attack
SELECT body FROM :t;
SELECT data.peek(format('SELECT count(*) > 0 FROM tenancy.check() WHERE object ~ %L', :'t')) AS found \gset
\echo want true got :found
