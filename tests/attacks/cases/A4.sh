# what: find the tenant of another client in a pooler's connection
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# twin: none, it is about the setting
# do: in transaction pooling set the tenant in each transaction (`set_tenant(…, local => true)`), or PgBouncer with `track_extra_parameters = tenancy.tenant_id`; session pooling resets it
start_pooler
want 3 "$(through_pooler "$role" "BEGIN; SET LOCAL tenancy.tenant_id = '$own'; SELECT count(*) FROM $t; COMMIT")"
want no-tenant "$(through_pooler "$role" "SELECT coalesce(tenancy.current_tenant(), 'no-tenant')")"
through_pooler "$role" "SET tenancy.tenant_id = '$other'"
through_pooler "$role" "SELECT body FROM $t"
stop_pooler
# In session pooling the connection is reset.
start_pooler 'pool_mode = session'
through_pooler "$role" "SET tenancy.tenant_id = '$other'"
want no-tenant "$(through_pooler "$role" "SELECT coalesce(tenancy.current_tenant(), 'no-tenant')")"
stop_pooler
