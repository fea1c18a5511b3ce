# shellcheck shell=bash
# The ways in which the server of tests/crash/run dies and comes back: one function play_KIND each. Sourced by it.
# SPDX-License-Identifier: PostgreSQL
# shellcheck disable=SC2154 # run and scripts/lib.sh set the rest

generation=0 # of servers: a restored or promoted one takes the place of the one before
archive=

prepare() {
    server=crash_0
    locate_private_home
    archive=$private_home/servers/crash_archive
    rm -rf "$archive"
    mkdir -p "$archive"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$archive"
    at_exit "rm -rf '$archive'"
    start_server "$server" "tenancy.flush_interval = 1" "tenancy.clock = '2026-03-15 12:00:00'" \
        "wal_level = replica" "archive_mode = on" "archive_command = '/bin/true'" \
        "wal_keep_size = '64MB'"
    psql -Xq -v ON_ERROR_STOP=1 -f "$root/tests/crash/schema.sql" >/dev/null
}

play_postmaster() {
    start_load
    pause
    note_counters
    kill_postmaster "$server"
    end_load
    launch "$server"
}

# One process dies, mostly in the middle of a transaction, and the server ends all others and begins anew.
play_backend() {
    local whom="backend_type = 'client backend' AND application_name = 'load'"
    [ $((RANDOM % 4)) != 0 ] ||
        whom="backend_type IN ('walwriter', 'checkpointer', 'background writer', 'tenancy launcher')"
    start_load
    pause
    note_counters
    kill_hard "$(value "SELECT pid FROM pg_stat_activity WHERE $whom ORDER BY random() LIMIT 1")"
    end_load
}

play_immediate() {
    start_load
    pause
    note_counters
    control_server "$server" -m immediate stop >/dev/null
    end_load
    launch "$server"
}

# Nothing at all is lost by this one.
play_fast() {
    local epoch
    start_load
    pause
    epoch=$(value "SELECT epoch FROM tenancy.stat_counters() WHERE tenant_id = 'cr_1'")
    control_server "$server" -m fast stop >/dev/null
    end_load
    survives=$((counted + wrote))
    launch "$server"
    check "the epoch of counters after a clean stop" "$epoch" "$(value "SELECT epoch FROM tenancy.stat_counters() WHERE tenant_id = 'cr_1'")"
}

# ---- with a second server ------------------------------------------------------------------

# new_place: the place of the next server; its name is `next`.
new_place() {
    local dir
    next=crash_$((++generation))
    dir=$private_home/servers/$next
    rm -rf "$dir"
    mkdir -p "$dir"
    servers_of_this_script+=("$next")
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir"
    chmod 700 "$dir"
    make_socket_folder "$dir"
}

# configure_copy LINE...: what is different about a copied server.
configure_copy() {
    printf '%s\n' "unix_socket_directories = '$(cat "$private_home/servers/$next/socket-folder")'" "$@" |
        as_server_user tee -a "$(data_of "$next")/postgresql.conf" >/dev/null
}

# The next server, which runs, takes the place of the dead one.
switch_to_next() {
    local old=$server
    server=$next
    use_server "$server"
    stop_server "$old"
}

# A standby has every commit that was confirmed; the primary dies, and work goes on there.
play_promote() {
    local process used
    new_place
    as_server_user "$(server_program pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U postgres -c fast \
        -D "$(data_of "$next")" >"$work/backup.log" 2>&1
    configure_copy "primary_conninfo = 'host=$PGHOST port=$PGPORT user=postgres application_name=standby'"
    as_server_user touch "$(data_of "$next")/standby.signal"
    try_to_launch "$next" "$private_home/servers/$next/server.log" || fail "the standby does not start"
    check_standby_counters
    set_server "synchronous_standby_names" "standby"
    until_true 30 "the standby" is_synchronous
    start_load
    pause
    note_counters
    # A session that looked at a quota while it was a standby goes on after the promotion.
    coproc SESSION { on_standby 2>&1; }
    echo "SET tenancy.tenant_id = 'cr_1'; SELECT used FROM tenancy.check_quota('cr.events');" >&"${SESSION[1]}"
    read -r used <&"${SESSION[0]}"
    kill_postmaster "$server"
    end_load
    control_server "$next" -t 60 promote >/dev/null
    switch_to_next
    until_true 30 "the promotion" has_promoted
    echo "SELECT used >= $used FROM tenancy.check_quota('cr.events');" >&"${SESSION[1]}"
    read -r used <&"${SESSION[0]}"
    check "a session of the standby's sees no less used after the promotion" t "$used"
    echo "SELECT tenancy.record_usage('cr.events', 1, 'session.$round'); INSERT INTO work (token, metric, amount) VALUES ('session.$round', 'cr.events', 1) RETURNING token; \\q" >&"${SESSION[1]}"
    read -r used <&"${SESSION[0]}"
    check "and can record" t "$used"
    wait "$SESSION_PID" || true
}

# A standby has no table to flush to; what it counts outlives a clean stop all the same.
check_standby_counters() {
    local counted
    counted=$(on_standby -c "SET tenancy.tenant_id = 'cr_1'" -c "SELECT count(*) FROM work" -c "RESET tenancy.tenant_id" \
        -c "SELECT statements FROM tenancy.stat_tenants WHERE tenant_id = 'cr_1'" | tail -n 1)
    control_server "$next" -l "$private_home/servers/$next/server.log" -m fast restart >/dev/null
    check "statements counted on a standby, after its restart" "$counted" \
        "$(on_standby -c "SELECT statements FROM tenancy.stat_tenants WHERE tenant_id = 'cr_1'")"
}
on_standby() { PGHOST=$(cat "$private_home/servers/$next/socket-folder") psql -XAtq "$@"; }

set_server() {
    value "ALTER SYSTEM SET $1 = '$2'" >/dev/null
    value "SELECT pg_reload_conf()" >/dev/null
}
is_synchronous() { [ "$(value "SELECT sync_state FROM pg_stat_replication")" = sync ]; }
has_promoted() { [ "$(value "SELECT pg_is_in_recovery()")" = f ]; }

# ---- archive recovery to a point in time ---------------------------------------------------

# A base backup taken while it runs, or (cold) the copied files of a server that was stopped.
play_pitr() { restore_from backup_online; }
play_cold() { restore_from backup_cold; }

backup_online() {
    start_load
    pause
    as_server_user "$(server_program pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U postgres -c fast \
        -D "$(data_of "$next")" >"$work/backup.log" 2>&1
}

backup_cold() {
    control_server "$server" -m fast stop >/dev/null
    as_server_user cp -r "$(data_of "$server")" "$(data_of "$next")"
    launch "$server"
    start_load
    pause
}

restore_from() {
    local segment
    new_place
    set_server archive_command "cp %p $archive/%f.new && mv $archive/%f.new $archive/%f"
    "$1"
    note_counters
    survives=$(flushed)
    # What is there now must be there afterwards, and what comes after the point must not.
    value "SELECT token FROM work WHERE token NOT LIKE 'rest%'" >"$work/before"
    value "SELECT pg_create_restore_point('cr_$round')" >/dev/null
    value "INSERT INTO work VALUES ('cr_1', 'xlater', 'cr.events', 1)" >/dev/null
    pause
    segment=$(value "SELECT pg_walfile_name(pg_switch_wal())")
    until_true 30 "the archiver" test -e "$archive/$segment"
    kill_postmaster "$server"
    end_load
    mv "$work/before" "$work/told"
    configure_copy "restore_command = 'cp $archive/%f %p'" "recovery_target_name = 'cr_$round'" \
        "recovery_target_action = promote" "archive_command = '/bin/true'"
    as_server_user touch "$(data_of "$next")/recovery.signal"
    # What ALTER SYSTEM wrote stands in front of it.
    as_server_user truncate -s 0 "$(data_of "$next")/postgresql.auto.conf"
    launch "$next"
    switch_to_next
    until_true 60 "the recovery" has_promoted
    configure_copy "restore_command = ''" "recovery_target_name = ''"
    find "$archive" -type f -delete
}
