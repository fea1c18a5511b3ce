-- The price book: one price at a time, versions that follow each other, the same again is nothing.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_plan('pv_basic'), tenancy.create_plan('pv_other'), tenancy.create_metric('pv.calls');
SELECT tenancy.set_price('pv_basic', 'pv.calls', 0.010), tenancy.set_price('pv_basic', 'pv.calls', 0.01),
    tenancy.set_fee('pv_basic', 'base', 299), tenancy.set_fee('pv_basic', 'base', 299.00);
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.set_price('pv_basic', 'pv.calls', 0.01), tenancy.set_price('pv_basic', 'pv.calls', 0.02);
-- from a day on, before that, and in between
SELECT tenancy.set_price('pv_basic', 'pv.calls', 0.03, '2026-06-01'), tenancy.set_price('pv_basic', 'pv.calls', 0.005, '2026-01-01'),
    tenancy.set_price('pv_basic', 'pv.calls', 0.025, '2026-05-01'), tenancy.set_price('pv_basic', 'pv.calls', 0.025, '2026-05-15');
-- corrected at the same instant; another plan's are its own
SELECT tenancy.set_price('pv_basic', 'pv.calls', 0.04, '2026-06-01'), tenancy.set_price('pv_other', 'pv.calls', 7), tenancy.set_fee('pv_basic', 'base', 0);
SELECT plan, component, kind, metric, model, params, valid_from, valid_to FROM tenancy.prices WHERE plan LIKE 'pv\_%' ORDER BY plan, component, valid_from;
-- one price at every instant, and never two
SELECT count(*) FROM tenancy.prices a JOIN tenancy.prices b USING (plan, component)
WHERE a.id < b.id AND tstzrange(a.valid_from, a.valid_to) && tstzrange(b.valid_from, b.valid_to);
\set VERBOSITY terse
INSERT INTO tenancy.prices (plan, component, kind, metric, model, params, valid_from, valid_to)
SELECT plan, component, kind, metric, model, params, '2026-05-31', '2026-06-02' FROM tenancy.prices WHERE plan = 'pv_other';
INSERT INTO tenancy.prices (plan, component, kind, metric, model, params, valid_from, valid_to)
SELECT plan, component, kind, metric, model, params, '2026-01-31', '2026-02-02' FROM tenancy.prices WHERE plan = 'pv_other';
\set VERBOSITY default
SELECT action, object, before ->> 'params' AS before, after ->> 'params' AS after FROM tenancy.audit_log WHERE object LIKE 'pv\_%/%' ORDER BY id;
DELETE FROM tenancy.prices WHERE plan LIKE 'pv\_%';
DELETE FROM tenancy.plans WHERE id LIKE 'pv\_%';
RESET tenancy.clock;
