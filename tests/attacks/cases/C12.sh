# what: read the statements of other sessions in `pg_stat_activity`, and end them
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# twin: none, it is about sessions
# do: one role a tenant where tenants have SQL of their own; parameters instead of literals; `track_activities`
open_session "$role" "$other"
say "SELECT 'LEAK' IS NULL" 'SELECT pg_backend_pid()' "SELECT 'LEAK' IS NULL" >"$work/pid"
as "$role" "$own" "SELECT query FROM pg_stat_activity WHERE pid = $(sed -n 2p "$work/pid")"
leak t "$(as "$role" "$own" "SELECT pg_terminate_backend($(sed -n 2p "$work/pid"), 5000)")"
close_session
