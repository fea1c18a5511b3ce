# what: hear of other tenants' use and limits in what the extension itself notifies of
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
# twin: none, channels have no owner
# A threshold is told once, so each role gets a metric of its own.
psql -XAtq -c "SELECT tenancy.create_metric('x33.$role'), tenancy.override_limit('$other', 'x33.$role', 666666, 'month')" >/dev/null
open_session "$role" "$own"
say 'LISTEN tenancy_alerts'
as attacks_super "$other" "SELECT tenancy.consume('x33.$role', 400000)" >/dev/null
heard=$(say 'SELECT 1')
echo "$heard"
# It does hear that there is something.
want 1 "$(grep -c '"tenancy_alerts"' <<<"$heard" || true)"
leak 1 "$(grep -cw "$other" <<<"$heard" || true)"
close_session
