# what: `LISTEN` to what another tenant's session says with `NOTIFY`
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# types: text
# kinds: plain
# roles: app owner bypass super
# twin: none, channels have no owner
# do: send ids only, never contents, and read the row behind the wall; or one database a tenant
open_session "$role" "$own"
say 'LISTEN news'
want 3 "$(as "$role" "$own" "SELECT count(*) FROM $t WHERE amount = 1")"
as "$role" "$other" "NOTIFY news, 'LEAK'" >/dev/null
say 'SELECT 1'
close_session
