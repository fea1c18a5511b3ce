-- what: `COPY` out, and `row_security = off` as dumps set it
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
COPY (SELECT count(*) FROM :t WHERE amount = 1) TO stdout;
COPY :part TO stdout;
\if :is_partitioned
COPY (SELECT * FROM :t) TO stdout;
\else
COPY :t TO stdout;
\echo want 00000 got :SQLSTATE
\endif
SET row_security = off;
SELECT body FROM :t;
\if :is_bypassing
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
COPY (SELECT body FROM :t) TO stdout;
