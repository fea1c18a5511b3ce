-- what: `MERGE` into another tenant's rows
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
MERGE INTO :t USING (VALUES (1)) v(n) ON amount = 1 AND id = v.n WHEN MATCHED THEN UPDATE SET body = 'merged';
\echo want 1 got :ROW_COUNT
MERGE INTO :t USING (VALUES (1), (2), (3)) v(n) ON id = v.n AND amount > 1 WHEN MATCHED AND n = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET body = 'merged';
\if :is_walled
\echo want 0 got :ROW_COUNT
\endif
MERGE INTO :t USING (VALUES (99)) v(n) ON id = v.n WHEN NOT MATCHED THEN INSERT VALUES ('1002', 99, 0, 'planted');
MERGE INTO :t USING (SELECT body AS found FROM :part) v ON false WHEN NOT MATCHED THEN INSERT (tenant_id, id, body) VALUES (:'own', 60, found);
SELECT body FROM :t WHERE id >= 60;
MERGE INTO :t USING (VALUES (2)) v(n) ON id = v.n AND amount = 1 WHEN MATCHED THEN UPDATE SET tenant_id = :'other', id = 99;
\echo want 42501 got :SQLSTATE
