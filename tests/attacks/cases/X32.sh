# what: hold up usage counts, webhooks, jobs and new tenants by taking the advisory locks that these need
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
# twin: none, locks have no tenant
open_session "$role" "$own"
say 'SELECT pg_advisory_lock(29777, n), pg_advisory_lock((29777::bigint << 32) + n) FROM generate_series(1, 5) n' \
    "SELECT pg_advisory_lock(29778, hashtext('retention'))" \
    'SELECT pg_advisory_lock(1952804449, 1852012900), pg_advisory_lock((1952804449::bigint << 32) + 1852012900)' >/dev/null
want 13 "$(psql -XAtq -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND objsubid < 3" | tail -n 1)"
for statement in 'SELECT tenancy.flush_counters() >= 0' 'SELECT tenancy.publish_events() >= 0' \
    "SELECT name = 'retention' FROM tenancy.begin_job('retention')" \
    'SELECT tenancy.take_lock(1952804449, 1852012900, session => true, wait => false)'; do
    leak f "$(psql -XAtq -c "SET lock_timeout = '2s'" -c "$statement" 2>&1 | sed 's/ERROR.*/f/; s/^$/f/' | tail -n 1)"
done
# Those have no lock that it could take.
if [ "$role" != attacks_super ]; then
    say 'SELECT tenancy.take_lock(29777, 5)'
    want 42501 "$(as "$role" "$own" '\set VERBOSITY sqlstate' 'SELECT tenancy.take_lock(29777, 5)' | sed 's/ERROR: *//')"
fi
close_session
