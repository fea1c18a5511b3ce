-- what: read a materialized view
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: make it a view with `security_invoker`, or fill an attached table; `check()` finds it
-- setup
CREATE MATERIALIZED VIEW scratch.stored AS SELECT * FROM :t;
GRANT SELECT ON scratch.stored TO PUBLIC;
-- attack
SELECT body FROM scratch.stored;
SELECT data.peek($$SELECT count(*) > 0 FROM tenancy.check() WHERE object ~ 'stored'$$) AS found \gset
\if :is_walled
\echo want true got :found
\endif
REFRESH MATERIALIZED VIEW scratch.stored;
\echo want 42501 got :SQLSTATE
