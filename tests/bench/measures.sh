# shellcheck shell=bash disable=SC2034,SC2154
# The measurements, in the order of their table: what is compared with what, and the budget. Sourced by scripts/bench.
# SPDX-License-Identifier: PostgreSQL

measures=(indexed_read scan metering search consume consume_loop record_usage copy set_local
    onboarding set_tenant rollup rollup_steps scale)

orders_made=
make_orders() {
    [ -z "$orders_made" ] || return 0
    serve tenancy
    run_sql -v rows="$orders" -f "$root/tests/bench/orders.sql"
    orders_made=yes
}

# The price of the wall where it is dearest: a read so short that planning is most of it.
measure_indexed_read() {
    local columns="SELECT id, amount, note FROM" walled explicit alone
    make_orders
    serve tenancy callgrind
    walled=$(repeat "$counts" instructions indexed_read.wall \
        "$columns wall.orders WHERE customer_id = 7;")
    explicit=$(repeat "$counts" instructions indexed_read.explicit \
        "$columns bare.orders WHERE tenant_id = '$tenant' AND customer_id = 7;")
    serve '' callgrind
    alone=$(repeat "$counts" instructions indexed_read.unloaded \
        "$columns bare.orders WHERE tenant_id = '$tenant' AND customer_id = 7;")
    paste <(echo "$walled") <(echo "$explicit") |
        report "indexed read of 3 rows under isolation" instructions \
            "explicit WHERE tenant_id =" ratio "<= 1.00"
    paste <(echo "$walled") <(echo "$alone") |
        report "indexed read, metering included" instructions \
            "explicit WHERE, extension not loaded" ratio ""
}

# The price of the wall a row: a scan of the whole table for the tenant that has half of it. Two per
# cent are less than a busy machine's noise, so the instructions of a part of it are counted, too.
measure_scan() {
    local columns="SELECT count(*), sum(amount) FROM" part="LIMIT 50000) AS part;" walled explicit
    make_orders
    serve tenancy
    in_turn "$rounds" "$columns wall.orders" \
        "$columns bare.orders WHERE tenant_id = '$large_tenant'" |
        tenant=$large_tenant as_app pair_times | report "scan of $orders rows under isolation" ms \
            "explicit WHERE tenant_id =" ratio "<= 1.02"
    serve tenancy callgrind
    walled=$(statements=1 tenant=$large_tenant instructions scan.wall \
        "$columns (SELECT amount FROM wall.orders $part")
    explicit=$(statements=1 tenant=$large_tenant instructions scan.explicit \
        "$columns (SELECT amount FROM bare.orders WHERE tenant_id = '$large_tenant' $part")
    echo "$walled $explicit" | report "scan of 100000 rows under isolation" instructions \
        "explicit WHERE tenant_id =" ratio ""
}

# What the hooks add to the cheapest statement that reads a table.
measure_metering() {
    local script="SELECT payload FROM bare.points WHERE id = 4711;" none metered counted i
    serve tenancy
    run_sql <<'SQL'
CREATE TABLE bare.points (id integer PRIMARY KEY, payload text NOT NULL);
INSERT INTO bare.points SELECT i, repeat('x', 40) FROM generate_series(1, 10000) i;
GRANT SELECT ON bare.points TO bench_app;
VACUUM (FREEZE, ANALYZE) bare.points;
SQL
    serve '' callgrind
    none=$(repeat "$counts" instructions metering.unloaded "$script")
    serve tenancy callgrind
    metered=$(repeat "$counts" instructions metering.tenancy "$script")
    serve pg_stat_statements callgrind
    counted=$(repeat "$counts" instructions metering.pg_stat_statements "$script")
    paste <(echo "$metered") <(echo "$none") |
        report "metering a point SELECT" instructions "nothing loaded" difference "<= 1000"
    paste <(echo "$counted") <(echo "$none") |
        report "for comparison: pg_stat_statements" instructions "nothing loaded" difference ""
    for ((i = 0; i < rounds; i++)); do
        serve tenancy
        metered=$(rate 32 'SELECT payload FROM bare.points WHERE id = 4711;')
        serve ''
        none=$(rate 32 'SELECT payload FROM bare.points WHERE id = 4711;')
        echo "$metered $none"
    done | report "point SELECTs of 32 clients, metered" transactions/s "nothing loaded" ratio ""
}

# Operators that are not marked leakproof get no index under row security alone.
measure_search() {
    local name condition
    serve tenancy
    run_sql -v rows="$documents" -f "$root/tests/bench/documents.sql"
    while IFS='|' read -r name condition; do
        search "$condition" | report "$name behind the wall" ms "explicit WHERE tenant_id =" \
            ratio "<= 1.1"
    done <<'SEARCHES'
jsonb @>|attributes @> '{"article": 7}'
LIKE '%…%' (pg_trgm)|body LIKE '%w4711 %'
full text @@|words @@ to_tsquery('simple', 'w4711')
SEARCHES
    run_sql -c 'ALTER DATABASE bench SET tenancy.index_promotion = off'
    search "attributes @> '{\"article\": 7}'" |
        report "for comparison: jsonb @> without index promotion" ms "explicit WHERE tenant_id =" \
            ratio ""
    run_sql -c 'ALTER DATABASE bench RESET tenancy.index_promotion'
}

search() {
    in_turn "$rounds" "SELECT count(*) FROM wall.documents WHERE $1" \
        "SELECT count(*) FROM bare.documents WHERE tenant_id = '$tenant' AND $1" |
        as_app pair_times
}

usage_made=
make_usage_tables() {
    serve tenancy
    if [ -z "$usage_made" ]; then
        run_sql <<'SQL'
CREATE TABLE bare.quota (tenant_id uuid PRIMARY KEY, used bigint NOT NULL) WITH (fillfactor = 10);
CREATE TABLE bare.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    metric text NOT NULL,
    amount bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE ON bare.quota, bare.events TO bench_app;
SQL
        run_sql -c "INSERT INTO bare.quota VALUES ('$tenant', 0)"
        usage_made=yes
    fi
    # Rolled up and read once, as on a server that has run for a while.
    run_sql -c 'SELECT tenancy.rollup()' -c 'CHECKPOINT' \
        -c 'VACUUM ANALYZE bare.quota, tenancy.usage_ledger, tenancy.usage_hourly' >/dev/null
    as_app run_sql -c "SELECT tenancy.consume('calls')" >/dev/null
}

# A limit of one busy tenant: who holds a row lock until commit makes everybody wait for the disk.
measure_consume() {
    local consume="SELECT tenancy.consume('calls');" work="SELECT pg_sleep(0.005);" update
    update="UPDATE bare.quota SET used = used + 1 WHERE tenant_id = '$tenant';"
    make_usage_tables
    pair_rates 32 "$consume" "$update" | report "consume, 32 clients on one tenant" \
        "transactions/s" "hot-row UPDATE" ratio ">= 20"
    pair_rates 32 "BEGIN; $consume $work COMMIT;" "BEGIN; $update $work COMMIT;" |
        report "consume before 5 ms of other work" "transactions/s" "hot-row UPDATE" ratio ""
    # What of that the machine allows: the same decision without a row to write, and nothing at all.
    pair_rates 32 "SELECT tenancy.check_quota('calls');" "$update" |
        report "for comparison: check_quota, 32 clients" "transactions/s" "hot-row UPDATE" ratio ""
    pair_rates 32 "SELECT 1;" "$update" |
        report "for comparison: SELECT 1, 32 clients" "transactions/s" "hot-row UPDATE" ratio ""
}

# The price of a call by itself.
measure_consume_loop() {
    make_usage_tables
    loop_rates "result := tenancy.consume('calls')" "result := pg_backend_pid()" |
        report "consume in a PL/pgSQL loop, assigned" "calls/s" \
            "the same loop with pg_backend_pid()" value ">= 1000000"
    loop_rates "PERFORM tenancy.consume('calls')" "PERFORM pg_backend_pid()" |
        report "consume in a PL/pgSQL loop, PERFORM" "calls/s" \
            "the same loop with pg_backend_pid()" value ""
}

loop_rates() {
    local body='DO $$ DECLARE result bigint; BEGIN FOR i IN 1..%d LOOP %s; END LOOP; END $$'
    # shellcheck disable=SC2059 # the format is ours
    in_turn "$rounds" "$(printf "$body" "$calls" "$1")" "$(printf "$body" "$calls" "$2")" |
        as_app pair_times | awk -v calls="$calls" '{ print calls * 1000 / $1, calls * 1000 / $2 }'
}

measure_record_usage() {
    make_usage_tables
    pair_rates 8 "SELECT tenancy.record_usage('calls');" \
        "INSERT INTO bare.events (tenant_id, metric, amount) VALUES ('$tenant', 'calls', 1);" |
        report "record_usage, 8 clients, one a transaction" "transactions/s" \
            "INSERT of an event row" ratio ">= 0.9"
}

# Every row carries its tenant, and the wall looks at each.
measure_copy() {
    local i rows=$((calls / 5))
    serve tenancy
    awk -v n="$rows" -v tenant="$tenant" 'BEGIN {
        for (i = 1; i <= n; i++)
            printf "%s\t%d\t%d\tan order of forty characters or nearly so\n", tenant, i, i % 1000
    }' >"$profiles/copy.data"
    run_sql <<'SQL'
CREATE TABLE bare.imported (tenant_id uuid NOT NULL, id bigint NOT NULL, amount integer NOT NULL, note text NOT NULL);
CREATE TABLE wall.imported (LIKE bare.imported);
CREATE INDEX ON bare.imported (tenant_id);
CREATE INDEX ON wall.imported (tenant_id);
SELECT tenancy.attach('wall.imported') \g /dev/null
GRANT INSERT ON bare.imported, wall.imported TO bench_app;
SQL
    for ((i = 0; i <= rounds; i++)); do
        echo "\\copy wall.imported from $profiles/copy.data"
        echo "\\copy bare.imported from $profiles/copy.data"
    done | as_app pair_times | awk -v n="$rows" '{ print n * 1000 / $1, n * 1000 / $2 }' |
        report "COPY FROM of $rows rows under isolation" "rows/s" "COPY FROM without" ratio ">= 0.9"
    rm "$profiles/copy.data"
}

# What a pooled application does in each of its transactions. The setting is reported to the client,
# both when it is set and when the transaction's end takes it back; so is application_name, and
# app.tenant_id, as applications call a variable of their own, is not. Like is compared with like, and the dearest with the cheapest besides.
measure_set_local() {
    local name
    for name in unreported nothing tenancy.tenant_id app.tenant_id application_name; do
        case $name in
        unreported) serve tenancy callgrind "-c tenancy.report_tenant=off" ;;
        *) serve tenancy callgrind ;;
        esac
        repeat "$counts" instructions "set_local.$name" "BEGIN;
            $([ "$name" = nothing ] || echo "SET LOCAL ${name/unreported/tenancy.tenant_id} = '$large_tenant';")
            COMMIT;" >"$profiles/set_local.$name.counts"
    done
    compare_set_local unreported app.tenant_id "SET LOCAL tenancy.tenant_id, not reported" "<= 1.1"
    compare_set_local tenancy.tenant_id application_name "SET LOCAL tenancy.tenant_id, reported" "<= 1.1"
    compare_set_local tenancy.tenant_id app.tenant_id "SET LOCAL tenancy.tenant_id, reported" ""
}

# compare_set_local ONE OTHER LABEL BUDGET: less what the transaction costs without it.
compare_set_local() {
    paste "$profiles"/set_local.{nothing,"$1","$2"}.counts | awk '{ print $2 - $1, $3 - $1 }' |
        report "$3" instructions "SET LOCAL $2" ratio "$4"
}

# create_tenants in batches of 1,000, each a transaction with its audit row.
measure_onboarding() {
    local batch tenants
    make_large
    for ((batch = 1; batch <= batches; batch++)); do
        tenants="SELECT jsonb_agg(jsonb_build_object('plan', 'bench', 'name', 'Tenant ' || i,
            'id', format('00000000-0000-4000-8000-%s', lpad(i::text, 12, '0'))))
            FROM generate_series($((batch * 1000 + 1)), $(((batch + 1) * 1000))) i"
        echo "SELECT count(*) FROM tenancy.create_tenants(($tenants));"
        echo "INSERT INTO tenants (id, name, plan)
            SELECT t->>'id', t->>'name', t->>'plan' FROM jsonb_array_elements(($tenants)) t;"
    done | PGDATABASE=large pair_times | awk '{ print 1000000 / $1, 1000000 / $2 }' |
        report "onboarding in batches of 1,000" "tenants/s" "INSERT into a table with these keys" \
            value ">= 10000"
}

large_made=
make_large() {
    [ -z "$large_made" ] || return 0
    serve tenancy
    run_sql -c 'CREATE DATABASE large'
    run_sql -d large <<'SQL'
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('bench') \g /dev/null
CREATE TABLE tenants (id text COLLATE "C" PRIMARY KEY, name text NOT NULL, plan text,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX ON tenants (lower(id));
SQL
    large_made=yes
}

# The first use of a tenant in a session, which reads the registry: tenants from all over it.
measure_set_tenant() {
    local i many few all=$((batches * 1000))
    make_large
    run_sql -d large -v n="$all" -f "$root/tests/bench/tenants.sql"
    for ((i = 0; i < rounds; i++)); do
        many=$(use_tenants 1000 "$batches" | PGDATABASE=large times | tail -n 1)
        few=$(use_tenants 1000 1 | PGDATABASE=bench times | tail -n 1)
        echo "$many $few"
    done | report "first set_tenant in a session, of $all tenants" us "of 1,000 tenants" ratio ""
    serve tenancy callgrind
    run_sql -d large -c 'SELECT' >/dev/null # as serve does in the other database
    many=$(repeat "$counts" count_first_uses large "$batches")
    few=$(repeat "$counts" count_first_uses bench 1)
    paste <(echo "$many") <(echo "$few") |
        report "first set_tenant in a session, of $all tenants" instructions "of 1,000 tenants" \
            ratio "<= 1.1"
}

# use_tenants HOW_MANY STEP: the first statement warms up. A thousand in milliseconds is one in
# microseconds.
use_tenants() {
    cat <<SQL
SELECT tenancy.set_tenant('$large_tenant');
DO \$\$ BEGIN FOR i IN 1..$1 LOOP PERFORM tenancy.set_tenant('00000000-0000-4000-8000-' || lpad((i * $2)::text, 12, '0')); END LOOP; END \$\$;
SQL
}

count_first_uses() {
    local some more
    some=$(PGDATABASE=$1 counted set_tenant "$(use_tenants 500 "$2")" 1)
    more=$(PGDATABASE=$1 counted set_tenant "$(use_tenants 1000 "$2")" 1)
    echo $(((more - some) / 500))
}

# New ledger rows of 1,000 tenants and two metrics in two hours, with and without a past.
measure_rollup() {
    local i half twice old
    serve tenancy
    for half in young old; do
        run_sql -c "CREATE DATABASE $half"
        run_sql -d "$half" -c 'CREATE EXTENSION tenancy' -c 'SELECT tenancy.rollup()' >/dev/null
    done
    roll_up old $((5 * ledger_rows)) >/dev/null
    for ((i = 0; i < counts; i++)); do
        half=$(roll_up young "$ledger_rows")
        twice=$(roll_up young $((2 * ledger_rows)))
        old=$(roll_up old "$ledger_rows")
        echo "$half $twice $old"
    done >"$profiles/rollup.times"
    awk -v n="$ledger_rows" '{ print n * 1000 / $1 }' "$profiles/rollup.times" |
        report "rollup of $ledger_rows ledger rows" "rows/s" "–" value ">= 1000000"
    awk '{ print $2, $1 }' "$profiles/rollup.times" |
        report "rollup of twice as many" ms "of $ledger_rows" ratio "<= 2.2"
    awk '{ print $3, $1 }' "$profiles/rollup.times" |
        report "rollup of as many after $((5 * ledger_rows)) others" ms "after none" ratio "<= 1.1"
}

# Ten steps of one session, as the daemon's job takes them, while another writes. Its memory is the most it ever had, less
# the pages of shared memory that it has come to touch.
measure_rollup_steps() {
    local i step rows=$((2 * ledger_rows)) steps=10
    serve tenancy
    run_sql -c "CREATE DATABASE steps"
    run_sql -d steps -c 'CREATE EXTENSION tenancy' -c 'SELECT tenancy.rollup()' >/dev/null
    step=$profiles/rollup_step.sql
    fill_ledger >"$step"
    for ((i = 0; i < steps; i++)); do
        cat <<SQL
\! psql -Xq -d steps -v n=$rows -f "$step"
SELECT extract(epoch FROM clock_timestamp()) AS began \gset
SELECT rows_rolled AS rolled FROM tenancy.rollup() \gset
SELECT (extract(epoch FROM clock_timestamp()) - :began) * 1000, :rolled,
    substring(s FROM 'VmHWM:\s*(\d+)')::numeric - substring(s FROM 'RssShmem:\s*(\d+)')::numeric
FROM pg_read_file('/proc/' || pg_backend_pid() || '/status') s;
SQL
    done | run_sql -F ' ' -d steps >"$profiles/rollup_steps"
    cat "$profiles/rollup_steps" >&2
    awk '{ print $2 * 1000 / $1 }' "$profiles/rollup_steps" |
        report "rollup of $((steps * rows)) ledger rows in $steps steps, each" "rows/s" "–" value ">= 1000000"
    awk '{ step[NR] = $1 } END { for (i = 1; i <= NR / 2; i++) print step[NR / 2 + i], step[i] }' "$profiles/rollup_steps" |
        report "the last $((steps / 2)) of these steps" ms "the first $((steps / 2))" ratio "<= 1.2"
    awk 'NR == 1 { first = $3 } { last = $3 } END { print last / 1024, first / 1024 }' "$profiles/rollup_steps" |
        report "the session's memory after the last step" MB "after the first" ratio "<= 1.1"
}

# fill_ledger: SQL that writes :n rows of 1,000 tenants and two metrics to the ledger.
fill_ledger() {
    cat <<'SQL'
INSERT INTO tenancy.usage_ledger (tenant_id, metric, amount, at, stamp)
SELECT 'tenant-' || i % 1000, CASE WHEN i % 3 = 0 THEN 'calls' ELSE 'bytes' END, i % 100,
    now() - i % 7200 * interval '1 second',
    pg_current_xact_id()::text::bigint + (SELECT stamp_offset FROM tenancy.ledger_state)
FROM generate_series(1, :n) i;
VACUUM ANALYZE tenancy.usage_ledger;
CHECKPOINT;
SQL
}

# roll_up DATABASE ROWS: writes so many to the ledger, prints the milliseconds that their rollup
# takes. The young database has forgotten what was before.
roll_up() {
    {
        [ "$1" = old ] || echo 'TRUNCATE tenancy.usage_ledger, tenancy.usage_hourly;'
        fill_ledger
    } | run_sql -d "$1" -v n="$2"
    echo 'SELECT rows_rolled FROM tenancy.rollup();' | PGDATABASE=$1 times
}
