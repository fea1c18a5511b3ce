-- Analytics: revenue beside cost, recurring revenue and how it moves, the plan that would cost least.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
-- so long ago, in a currency of its own, that no other test's tenants are in the sums
SET tenancy.clock = '2002-01-01 00:00:00';
SELECT tenancy.create_plan('an_small', currency => 'SEK'), tenancy.create_plan('an_big', currency => 'SEK'), tenancy.create_plan('an_year', currency => 'SEK'), tenancy.create_plan('an_free', currency => 'SEK'),
    tenancy.set_plan_terms('an_year', period => 'year'), tenancy.create_metric('an.calls'), tenancy.create_metric('an.bytes'),
    tenancy.set_fee('an_small', 'base', 10), tenancy.set_fee('an_big', 'base', 50, timing => 'advance'), tenancy.set_fee('an_year', 'base', 1200), tenancy.set_fee('an_free', 'base', 0),
    tenancy.set_price('an_small', 'an.calls', 1), tenancy.set_price('an_big', 'an.calls', 0.5), tenancy.set_limit('an_free', 'an.calls', 50);
SELECT tenancy.set_metric_cost('an.calls', 0.2, 'SEK'), tenancy.set_metric_cost('an.calls', 0.2, 'SEK') AS again, tenancy.set_metric_cost('an.calls', 0.3, 'SEK', '2002-02-01'),
    tenancy.set_metric_cost('an.calls', 5, 'USD'), tenancy.set_metric_cost('an.bytes', 0.001, 'SEK');
SELECT tenancy.create_tenant('an_a', 'an_small'), tenancy.create_tenant('an_b', 'an_small', time_zone => 'Europe/Stockholm'), tenancy.create_tenant('an_c', 'an_free'), tenancy.create_coupon('an_half', percent_off => 50),
    tenancy.redeem_coupon('an_b', 'an_half'), tenancy.set_tax('an_a', 'VAT', 25), tenancy.grant_credit('an_a', 30) > 0 AS credit;
SET tenancy.tenant_id = 'an_a';
SET tenancy.clock = '2002-01-20 00:00:00';
SELECT tenancy.record_usage('an.calls', 100), tenancy.record_usage('an.bytes', 1000);
SET tenancy.tenant_id = 'an_b';
SELECT tenancy.record_usage('an.calls', 20);
-- February: a grows, b pauses, c begins to pay
SET tenancy.clock = '2002-02-10 00:00:00';
RESET tenancy.tenant_id;
SELECT tenancy.change_plan('an_a', 'an_big'), tenancy.pause_subscription('an_b') IS NOT NULL AS paused, tenancy.change_plan('an_c', 'an_small');
SET tenancy.tenant_id = 'an_a';
SELECT tenancy.record_usage('an.calls', 100);
RESET tenancy.tenant_id;
-- March: a shrinks, b comes back; April: c leaves, and one begins by the year
SET tenancy.clock = '2002-03-10 00:00:00';
SELECT tenancy.change_plan('an_a', 'an_small'), tenancy.resume_subscription('an_b') IS NOT NULL AS resumed;
SET tenancy.clock = '2002-04-10 00:00:00';
SELECT tenancy.cancel_subscription('an_c', 'now') IS NOT NULL AS canceled, tenancy.create_tenant('an_d', 'an_year');
SET tenancy.clock = '2002-05-02 00:00:00';
SELECT count(*) > 0 AS issued, count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'an\_%';
\echo by month of the service: items less discounts, without tax, however it was paid
SELECT * FROM tenancy.monthly_revenue WHERE tenant_id LIKE 'an\_%' ORDER BY tenant_id, month, plan;
SELECT (SELECT sum(revenue) FROM tenancy.monthly_revenue WHERE tenant_id LIKE 'an\_%') = (SELECT sum(subtotal - discount) FROM tenancy.invoices WHERE tenant_id LIKE 'an\_%') AS all_of_it;
SELECT month, tenant_id, plan, metric, currency, quantity, events, cost, round(cost_per_event, 4) AS cost_per_event FROM tenancy.monthly_costs WHERE tenant_id LIKE 'an\_%' ORDER BY tenant_id, month, metric, currency;
SELECT * FROM tenancy.monthly_margins WHERE tenant_id = 'an_a' ORDER BY month, plan;
\echo recurring: 10 is small, 50 is big, a hundred of the year
SELECT tenant_id, plan, currency, round(mrr, 2) AS mrr FROM tenancy.recurring_revenue('2002-02-15') WHERE tenant_id LIKE 'an\_%' ORDER BY tenant_id;
SELECT tenant_id, round(mrr, 2) AS mrr FROM tenancy.recurring_revenue() WHERE tenant_id LIKE 'an\_%' ORDER BY tenant_id;
SELECT month, round(opening, 2) AS opening, round(new, 2) AS new, reactivated AS back, expansion AS up, contraction AS down, churned, round(closing, 2) AS closing, tenants_opening AS o, tenants_new AS n, tenants_churned AS c, tenants_closing AS z, tenant_churn_pct, revenue_churn_pct
FROM tenancy.growth('2002-01-15', '2002-05-15') WHERE currency = 'SEK';
SELECT bool_and(opening + coalesce(new, 0) + coalesce(reactivated, 0) + coalesce(expansion, 0) - coalesce(contraction, 0) - coalesce(churned, 0) = closing) AS adds_up
FROM tenancy.growth('2002-01-01', '2002-06-01') WHERE currency = 'SEK';
\echo 100, 300 and 40 calls: 470 on small, 370 on big, and the free plan allows 50 a month
SET tenancy.tenant_id = 'an_a';
SET tenancy.clock = '2002-05-10 00:00:00';
SELECT tenancy.record_usage('an.calls', 300, at => '2002-03-15 00:00+00'), tenancy.record_usage('an.calls', 40, at => '2002-04-15 00:00+00');
RESET tenancy.tenant_id;
SELECT pending FROM tenancy.rollup('5 s');
SELECT * FROM tenancy.recommend_plan('AN_a');
SELECT tenancy.recommend_plan('an_c');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.recommend_plan('an_nobody');
SELECT tenancy.set_metric_cost('an.nothing', 1);
SELECT tenancy.set_metric_cost('an.calls', -1);
SELECT tenancy.growth('2002-05-01', '2002-05-01');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM tenancy.tenants WHERE id LIKE 'an\_%';
RESET tenancy.clock;
