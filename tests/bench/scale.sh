# shellcheck shell=bash disable=SC2034,SC2154
# What tenancy costs with 1, 100, 10,000 and 1,000,000 tenants in one table, drawn into docs/scale.svg. Sourced by scripts/bench.
# SPDX-License-Identifier: PostgreSQL

# One client, tenants drawn at random, so that nothing is cached but what would be; no commit waits for the
# disk, which would hide everything else.
measure_scale() {
    local n points=$build/bench/scale.tsv
    serve tenancy
    run_sql -c 'CREATE DATABASE scale' >/dev/null
    run_sql -d scale -f "$root/tests/bench/scale.sql"
    : >"$points"
    for n in $scales; do
        run_sql -d scale -v n="$n" -f "$root/tests/bench/scale_fill.sql"
        compare_at "$n" "read" "explicit WHERE tenant_id =" \
            "SET LOCAL tenancy.tenant_id = 't:t'; SELECT body FROM wall.notes WHERE id = 1;" \
            "SET LOCAL application_name = 't:t'; SELECT body FROM bare.notes WHERE tenant_id = 't:t' AND id = 1;"
        compare_at "$n" "consume" "UPDATE of a row a tenant" \
            "SET LOCAL tenancy.tenant_id = 't:t'; SELECT tenancy.consume('calls');" \
            "SET LOCAL application_name = 't:t'; UPDATE bare.used SET used = used + 1 WHERE tenant_id = 't:t';"
    done
    ! "$draws" || awk -f "$root/tests/bench/plot.awk" "$points" >"$root/docs/scale.svg"
}

# compare_at TENANTS WHAT AGAINST ONE OTHER: microseconds a transaction of both sides, in turn.
compare_at() {
    local i one other pairs=$build/bench/pairs
    for ((i = 0; i <= rounds / 2; i++)); do
        one=$(microseconds "$1" "$4")
        other=$(microseconds "$1" "$5")
        echo "$one $other"
    done | tail -n +2 >"$pairs"
    report "$2 for one of $1 tenants" us "$3" ratio "" <"$pairs"
    awk -v n="$1" -v one="$2 with tenancy" -v other="$2: $3" \
        '{ print n "\t" one "\t" $1; print n "\t" other "\t" $2 }' "$pairs" >>"$points"
}

microseconds() {
    PGUSER=bench_app PGOPTIONS='-c synchronous_commit=off' pgbench -n -c 1 -T "$seconds" -d scale \
        -f <(printf '\\set t random(1, %s)\nBEGIN; %s COMMIT;\n' "$1" "$2") 2>&1 | tee "$log_dir/pgbench.log" |
        awk '/^latency average = / { print 1000 * $4 }' | grep .
}
