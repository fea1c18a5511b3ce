-- what: `COPY FROM` rows of another tenant, into the table and a partition
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- attack
COPY :part (tenant_id, id, amount, body) FROM stdin;
other	90	0	planted
\.
\echo expect row belongs to another tenant
COPY :t (tenant_id, id, amount, body) FROM stdin;
own	80	1	mine
other	91	0	planted
\.
SELECT data.peek(format('SELECT count(*) FROM %s WHERE id >= 80', :'t')) AS n \gset
\echo want 0 got :n
COPY :t (tenant_id, id, amount, body) FROM stdin WHERE tenant_id IS NOT NULL;
own	80	1	mine
\.
\echo want 1 got :ROW_COUNT
