# what: notice, or hold up, others by locks
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# twin: none, locks have no tenant
# do: `lock_timeout`, `statement_timeout`; advisory locks keyed by the tenant; no LOCK TABLE for applications
open_session "$role" "$other"
say 'BEGIN' 'SELECT pg_advisory_xact_lock(7)' "LOCK TABLE $t IN ROW EXCLUSIVE MODE" >/dev/null
leak f "$(as "$role" "$own" 'SELECT pg_try_advisory_lock(7)')"
want 3 "$(as "$role" "$own" "SELECT count(*) FROM $t WHERE amount = 1")"
say 'ROLLBACK'
close_session
