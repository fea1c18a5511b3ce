-- what: run a plan that was made and kept under another tenant
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SET plan_cache_mode = force_generic_plan;
SET tenancy.tenant_id = :'other';
PREPARE reading AS SELECT body FROM :t;
PREPARE counting AS SELECT count(*) FROM :t WHERE amount = 1;
EXECUTE counting;
SET tenancy.tenant_id = :'own';
EXECUTE reading;
EXECUTE counting \gset
\echo want 3 got :count
EXECUTE reading;
