-- Retention after a year's plan was left for a month's: the ledger goes at last, and no invoice that reached into that year is called wrong meanwhile.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_metric('ry.calls'), tenancy.create_metric('ry.peak', aggregation => 'max'), tenancy.create_plan('ry_year'), tenancy.set_plan_terms('ry_year', period => 'year'),
    tenancy.set_price('ry_year', 'ry.calls', 1), tenancy.set_price('ry_year', 'ry.peak', 1), tenancy.create_plan('ry_month'), tenancy.set_fee('ry_month', 'base', 10);
-- one moves at the end of the year, one in its middle, one cancels
SELECT tenancy.create_tenant('ry_end', 'ry_year'), tenancy.create_tenant('ry_mid', 'ry_year'), tenancy.create_tenant('ry_quit', 'ry_year');
CREATE FUNCTION pg_temp.use(at timestamptz, calls bigint, peak bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tenancy.clock', to_char(at, 'YYYY-MM-DD HH24:MI:SS'), false);
    PERFORM tenancy.set_tenant(t), tenancy.record_usage('ry.calls', calls), tenancy.record_usage('ry.peak', peak) FROM unnest('{ry_end,ry_mid,ry_quit}'::text[]) t;
    PERFORM tenancy.reset_tenant();
    RETURN calls;
END
$$;
SELECT pg_temp.use('2026-03-10', 50, 70), pg_temp.use('2026-09-10', 5, 7);
SET tenancy.clock = '2026-10-16 00:00:00';
SELECT tenancy.change_plan('ry_mid', 'ry_month'), tenancy.change_plan('ry_end', 'ry_month', 'period_end'), tenancy.cancel_subscription('ry_quit');
SELECT tenancy.keep_ledger(1), (tenancy.rollup('5 s')).pending;
-- invoices as they are due, and a purge, every two months; what reconcile() says after each
CREATE TEMPORARY TABLE wrong (month date, part text, object text);
CREATE FUNCTION pg_temp.run(month date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tenancy.clock', month || ' 00:00:00', false);
    PERFORM tenancy.issue_invoice(d.tenant_id, d.day) FROM tenancy.due_invoices d WHERE d.tenant_id LIKE 'ry\_%' ORDER BY d.period_end;
    PERFORM tenancy.purge_ledger();
    INSERT INTO wrong SELECT month, r.part, r.object FROM unnest('{ry_end,ry_mid,ry_quit}'::text[]) t, tenancy.reconcile('2026-01-01', '2031-01-01', t) r;
END
$$;
SELECT count(pg_temp.run(m::date)) FROM generate_series(timestamp '2026-12-02', '2028-12-02', '2 months') m;
SELECT * FROM wrong;
SELECT i.tenant_id, l.component, sum(l.amount), count(DISTINCT i.id) AS invoices FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
WHERE i.tenant_id LIKE 'ry\_%' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS rows_left FROM tenancy.usage_ledger WHERE tenant_id LIKE 'ry\_%';
SELECT tenancy.keep_ledger(NULL);
DELETE FROM tenancy.ledger_horizons WHERE tenant_id LIKE 'ry\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'ry\_%';
DELETE FROM tenancy.ledger_retention;
RESET tenancy.clock;
