# what: a tenant in the connection's options comes back with `RESET` and `DISCARD ALL`
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# do: behind a pooler set the tenant in the transaction, never in options or `ALTER ROLE`; `tenancy.reset_tenant()` leaves it for good
want 0 "$(as "$role" "$other" "SELECT tenancy.reset_tenant()" "SELECT count(*) FROM $t WHERE amount > 1 AND tenancy.current_tenant() IS NOT NULL" | tail -n 1)"
as "$role" "$other" "SET tenancy.tenant_id = 'own'" "DISCARD ALL" "SELECT body FROM $t"
