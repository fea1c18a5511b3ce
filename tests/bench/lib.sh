# shellcheck shell=bash disable=SC2034,SC2154
# How benchmarks measure: one server in several guises, two sides in turn, medians, instructions. Sourced by scripts/bench.
# SPDX-License-Identifier: PostgreSQL

results=$build/bench/results.tsv
profiles=$build/bench
# The tenant that the application's sessions act for, and the one with half of all rows.
tenant=00000000-0000-4000-8000-000000000002
large_tenant=00000000-0000-4000-8000-000000000001

# ---- the server ----------------------------------------------------------------------------

serving=

# launch: the server of this run. Durable, as a production server is (the tests' servers are not);
# nothing else runs in it unasked.
launch() {
    start_server bench "fsync = on" "full_page_writes = on" "shared_buffers = $shared_buffers" \
        "max_wal_size = 16GB" "checkpoint_timeout = 1h" "autovacuum = off" "jit = off" \
        "max_parallel_workers_per_gather = 0" "maintenance_work_mem = 512MB"
    server_dir=$private_home/servers/bench
    serving=tenancy//
    as_server_user mkdir "$server_dir/callgrind"
    # Counted from PostgresMain on: what the postmaster does before it forks is not the backend's.
    as_server_user tee "$server_dir/under_callgrind" >/dev/null <<SH
#!/bin/sh
exec valgrind -q --tool=callgrind --collect-atstart=no --toggle-collect=PostgresMain \
    --callgrind-out-file="$server_dir/callgrind/%p" "$(server_program postgres)" "\$@"
SH
    as_server_user chmod +x "$server_dir/under_callgrind"
    run_sql -f "$root/tests/bench/setup.sql"
    export PGDATABASE=bench
}

# serve LIBRARIES [callgrind [OPTION]]: restarts the server with these preloaded, unless it runs so already.
serve() {
    local guise="$1/${2:-}/${3:-}" options=(-l "$server_dir/server.log" -w -t 300)
    [ "$serving" != "$guise" ] || return 0
    [ -z "${2:-}" ] || options+=(-p "$server_dir/under_callgrind")
    control stop -w -t 300 -m fast
    # A flush of counters in the midst of a count of instructions would be noise.
    control start "${options[@]}" \
        -o "-c shared_preload_libraries='$1'${2:+ -c tenancy.flush_interval=3600} ${3:-}"
    serving=$guise
    # The first connection after a start fills caches on disk for all later ones.
    run_sql -d bench -c 'SELECT' >/dev/null
    sleep 1
}

control() { as_server_user "$(server_program pg_ctl)" -D "$server_dir/data" "$@" >/dev/null; }
# run_sql: as the superuser, unless the environment says otherwise.
run_sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# as_app COMMAND…: with the environment of the application: its role, and its tenant from the start.
as_app() { PGUSER=bench_app PGOPTIONS="-c tenancy.tenant_id=$tenant" "$@"; }

# ---- measuring -----------------------------------------------------------------------------

# pair_times: reads statements that alternate between the two sides; prints their times in
# milliseconds, a pair a line. The first pair warms up and is left out.
pair_times() { times | paste -d ' ' - - | tail -n +2; }

# times: reads statements, prints their times in milliseconds as the client sees them.
times() {
    { printf '%s\n' '\o /dev/null' '\timing on' && cat; } | run_sql |
        sed -nE 's/^Time: ([0-9.]+) ms.*/\1/p'
}

# in_turn ROUNDS ONE OTHER: the statements of both sides, alternating, for pair_times.
in_turn() {
    local i
    for ((i = 0; i <= $1; i++)); do
        printf '%s;\n' "$2" "$3"
    done
}

# pair_rates CLIENTS ONE OTHER: runs two pgbench scripts in turn, prints transactions a second.
pair_rates() {
    local i one other
    for ((i = 0; i < rounds; i++)); do
        one=$(rate "$1" "$2")
        other=$(rate "$1" "$3")
        echo "$one $other"
    done
}

rate() {
    as_app pgbench -n -c "$1" -j "$(nproc)" -T "$seconds" -M prepared -f <(echo "$2") 2>&1 |
        tee "$log_dir/pgbench.log" | sed -nE 's/^tps = ([0-9.]+) .*/\1/p' | grep .
}

# instructions LABEL SCRIPT: of one run of a pgbench script (simple protocol) in the backend; the
# server has to run under callgrind. Twice as many runs less as many: the start of a session drops
# out. The profile stays in build/bench/LABEL.callgrind.
instructions() {
    local single double
    single=$(counted "$1" "$2" "$statements")
    double=$(counted "$1" "$2" $((2 * statements)))
    echo $(((double - single) / statements))
}

counted() {
    local label=$1 script=$2 times=$3 children before file sum=0 count most=0
    children=$(server_children)
    before=$(ls "$server_dir/callgrind")
    as_app pgbench -n -c 1 -t "$times" -f <(echo "$script") >"$log_dir/pgbench.log" 2>&1
    grep -q "actually processed: $times/$times" "$log_dir/pgbench.log"
    # A backend writes its file when it ends, after its client has gone.
    until [ -z "$(comm -13 <(echo "$children") <(server_children))" ]; do
        sleep 0.1
    done
    # One that was ending already when we began is not of these.
    for file in $(comm -13 <(echo "$before") <(ls "$server_dir/callgrind") |
        grep -vxF -f <(echo "$children")); do
        count=$(sed -n 's/^summary: //p' "$server_dir/callgrind/$file")
        sum=$((sum + count))
        if [ "$count" -gt "$most" ]; then
            most=$count
            cp "$server_dir/callgrind/$file" "$profiles/$label.callgrind"
        fi
    done
    echo "$sum"
}

server_children() {
    local postmaster
    postmaster=$(head -n 1 "$server_dir/data/postmaster.pid")
    tr ' ' '\n' <"/proc/$postmaster/task/$postmaster/children" | grep . | sort
}

# repeat TIMES COMMAND…: the outputs of a command, one a line.
repeat() {
    local i times=$1
    shift
    for ((i = 0; i < times; i++)); do
        "$@"
    done
}

# ---- reporting -----------------------------------------------------------------------------

# report WHAT UNIT AGAINST KIND BUDGET: reads pairs of values and keeps a line of results. KIND is
# what the budget is about: the ratio of the two values, their difference, or the first one alone.
# All are medians; a pair is two runs side by side, so what slows down both does not show.
report() {
    awk -v name="$measure" -v what="$1" -v unit="$2" -v against="$3" -v kind="$4" -v budget="$5" \
        -f "$root/tests/bench/report.awk" | tee -a "$results" |
        awk -F '\t' '{ printf "  %s: %s %s\n", $2, $7, $10 == "" ? "" : "(budget " $9 ": " $10 ")" }'
}
