-- The price book: one price of a component at a time, changes on record, bad prices refused.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_plan('pb_basic', currency => 'EUR'), tenancy.create_metric('pb.calls');
SELECT tenancy.set_fee('pb_basic', 'base', 29.90), tenancy.set_fee('pb_basic', 'base', 29.90), tenancy.set_price('pb_basic', 'pb.calls', 0.015);
SELECT tenancy.set_price('pb_basic', 'pb.calls', 0.02, '2026-02-01 00:00+00');
SELECT component, metric, model, params, valid_from, valid_to FROM tenancy.prices WHERE plan = 'pb_basic' ORDER BY component, valid_from;
SELECT tenancy.set_price('pb_basic', 'pb.calls', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_price('pb_basic', 'pb.calls', 'NaN');
SELECT tenancy.set_price('pb_basic', 'pb.calls', NULL);
SELECT tenancy.set_price('pb_basic', 'pb.none', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_price('pb_none', 'pb.calls', 1);
SELECT tenancy.set_fee('pb_basic', 'pb.calls', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_fee('pb_basic', '', 1);
SELECT tenancy.set_fee('pb_basic', 'base', 1, 'infinity');
SELECT action, object, before -> 'params' AS before, after -> 'params' AS after FROM tenancy.audit_log WHERE object LIKE 'pb\_basic/%' ORDER BY id;
