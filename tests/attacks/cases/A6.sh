# what: leave a tenant in a pooler's connection by a startup parameter
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
# twin: none, it is about the setting
# roles: app owner
start_pooler
PGOPTIONS="-c tenancy.tenant_id=$other" through_pooler "$role" "SELECT body FROM $t"
echo 'expect unsupported startup parameter'
stop_pooler
start_pooler 'ignore_startup_parameters = options'
PGOPTIONS="-c tenancy.tenant_id=$other" through_pooler "$role" "SELECT body FROM $t"
through_pooler "$role" "SELECT body FROM $t"
want 3 "$(through_pooler "$role" "BEGIN; SET LOCAL tenancy.tenant_id = '$own'; SELECT count(*) FROM $t; COMMIT")"
stop_pooler
