# The same for every kind of limit: gauges that are given back, rates, leases, prepared transactions, alerts.
# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash disable=SC2154 # variables are those of run

prepare_kinds() {
    createdb "$database"
    psql -Xq -d "$database" >/dev/null <<'SQL'
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('ck_plan'), tenancy.create_tenant('ck_acme', 'ck_plan'),
    tenancy.create_metric('ck.seats'), tenancy.create_metric('ck.calls'), tenancy.create_metric('ck.jobs'), tenancy.create_metric('ck.soft'),
    tenancy.create_metric('ck.same');
SELECT tenancy.set_limit('ck_plan', 'ck.seats', 20, 'total'), tenancy.set_rate_limit('ck_plan', 'ck.calls', 1, '366 days', 50),
    tenancy.set_limit('ck_plan', 'ck.jobs', 4, 'concurrency'), tenancy.set_limit('ck_plan', 'ck.soft', 100, 'day', soft => true),
    tenancy.set_limit('ck_plan', 'ck.same', 10, 'total');
CREATE TABLE taken (metric text, amount int);
CREATE TABLE wrong (what text, amount bigint);
CREATE TABLE seen (jobs int);
CREATE SEQUENCE admitted;
-- gives back what it can: the own rows say how much that is
CREATE FUNCTION give_back(wanted int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tenancy.release('ck.seats', wanted);
    INSERT INTO taken VALUES ('ck.seats', -wanted);
EXCEPTION WHEN numeric_value_out_of_range THEN
    NULL;
END $$;
CREATE FUNCTION take_and_fail(amount int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tenancy.try_consume('ck.seats', amount), give_back(1);
    PERFORM 1 / 0;
EXCEPTION WHEN division_by_zero THEN
    NULL;
END $$;
SQL
}

# One client's transaction on a gauge. After it everybody's committed rows are looked at: never more than
# the limit, never less than nothing.
write_gauge() {
    cat >"$work/gauge.sql" <<'SQL'
\set way random(1, 7)
\set amount random(1, 3)
BEGIN;
SET LOCAL tenancy.tenant_id = 'ck_acme';
\if :way <= 3
WITH t AS MATERIALIZED (SELECT tenancy.try_consume('ck.seats', :amount) AS got)
INSERT INTO taken SELECT 'ck.seats', :amount FROM t WHERE got;
\elif :way = 4
SELECT give_back(:amount);
SAVEPOINT s;
SELECT tenancy.try_consume('ck.seats', 1), give_back(1);
ROLLBACK TO s;
\elif :way = 5
SELECT give_back(:amount);
WITH t AS MATERIALIZED (SELECT tenancy.try_consume('ck.seats', 1) AS got)
INSERT INTO taken SELECT 'ck.seats', 1 FROM t WHERE got;
\elif :way = 6
SELECT take_and_fail(:amount);
\else
SELECT tenancy.try_consume('ck.seats', :amount), give_back(1);
\endif
\if :way = 7
ROLLBACK;
\else
COMMIT;
\endif
INSERT INTO wrong SELECT 'gauge', sum(amount) FROM taken WHERE metric = 'ck.seats' HAVING sum(amount) NOT BETWEEN 0 AND 20;
SQL
}

play_gauge() {
    local mode=$1 kept
    write_gauge
    PGAPPNAME=victim pgbench -n -d "$database" -c 6 -j 2 -t 150 -f "$work/gauge.sql" >"$work/victims.log" 2>&1 &
    kill_some
    pgbench -n -d "$database" -c "$clients" -j 2 -t "$transactions" -f "$work/gauge.sql" >"$work/gauge.log" 2>&1 ||
        { tail -n 20 "$work/gauge.log"; return 1; }
    wait $! || true # clients that were killed are meant to fail
    until [ "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim'")" = 0 ]; do :; done
    check "$mode: a gauge was never above its limit nor below nothing" 0 "$(value "SELECT count(*) FROM wrong")"
    kept=$(value "SELECT coalesce(sum(amount), 0) FROM taken WHERE metric = 'ck.seats'")
    check "$mode: the ledger has what is kept of it" "$kept" \
        "$(value "SELECT coalesce(sum(amount), 0) FROM tenancy.usage_ledger WHERE metric = 'ck.seats'")"
    check "$mode: and the quota says the same" "$kept" "$(psql -XAtq -d "$database" \
        -c "SET tenancy.tenant_id = 'ck_acme'" -c "SELECT used FROM tenancy.check_quota('ck.seats')")"
    psql -Xq -d "$database" -c "SET tenancy.tenant_id = 'ck_acme'" \
        -c "SELECT count(*) FROM generate_series(1, 30) n, LATERAL (SELECT tenancy.try_consume('ck.seats', 1 + 0 * n)) t" >/dev/null
    check "$mode: what was given back can be had again, to the last unit" 20 \
        "$(value "SELECT sum(amount) FROM tenancy.usage_ledger WHERE metric = 'ck.seats'")"
}

# Of a burst that takes years to come back exactly that many are admitted; a rollback gives nothing back.
play_rate() {
    local mode=$1
    cat >"$work/rate.sql" <<'SQL'
\set way random(1, 3)
BEGIN;
SET LOCAL tenancy.tenant_id = 'ck_acme';
SELECT nextval('admitted') FROM (SELECT tenancy.try_consume('ck.calls') AS got OFFSET 0) t WHERE got;
\if :way = 1 and :rollbacks = 1
ROLLBACK;
\else
COMMIT;
\endif
SQL
    pgbench -n -d "$database" -D rollbacks="$2" -c "$clients" -j 2 -t 20 -f "$work/rate.sql" >"$work/rate.log" 2>&1 ||
        { tail -n 20 "$work/rate.log"; return 1; }
    check "$mode: of $((clients * 20)) requests a burst of 50 admits exactly 50" 50 "$(value "SELECT last_value FROM admitted")"
}

# Each holder counts the holders. Locks that are taken after the lease and given back before it say who they are.
play_leases() {
    local mode=$1
    cat >"$work/lease.sql" <<'SQL'
\set way random(1, 4)
SET tenancy.tenant_id = 'ck_acme';
BEGIN;
\if :way = 1
SELECT tenancy.try_consume('ck.jobs')::int AS got \gset
\elif :way = 2
SELECT tenancy.try_acquire_lease('ck.jobs')::int AS got \gset
\elif :way = 3
SAVEPOINT s;
SELECT tenancy.try_acquire_lease('ck.jobs')::int AS got \gset
RELEASE s;
\else
SELECT tenancy.try_acquire_lease('ck.jobs', 1, 'session')::int AS got \gset
\endif
\if :got = 1
SELECT pg_advisory_lock(77, pg_backend_pid());
INSERT INTO seen SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 77 AND granted;
SELECT pg_sleep(0.002);
SELECT pg_advisory_unlock(77, pg_backend_pid());
\endif
COMMIT;
\if :got = 1 and :way = 4
SELECT tenancy.release_lease('ck.jobs');
\endif
SQL
    pgbench -n -d "$database" -c "$clients" -j 2 -t 40 -f "$work/lease.sql" >"$work/lease.log" 2>&1 ||
        { tail -n 20 "$work/lease.log"; return 1; }
    check "$mode: at most, and at times exactly, 4 hold a lease at once" 4 "$(value "SELECT max(jobs) FROM seen")"
    PGAPPNAME=victim pgbench -n -d "$database" -c 6 -j 2 -t 200 -f "$work/lease.sql" >"$work/victims.log" 2>&1 &
    kill_some
    wait $! || true
    # The server ends a session a moment after its client has gone.
    until [ "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim'")" = 0 ]; do :; done
    check "$mode: whatever way holders end, nothing stays held" 0 "$(psql -XAtq -d "$database" \
        -c "SET tenancy.tenant_id = 'ck_acme'" -c "SELECT used FROM tenancy.check_quota('ck.jobs')")"
}

# Soft limits refuse nothing; thresholds are told once each.
play_soft() {
    local mode=$1
    echo "SET tenancy.tenant_id = 'ck_acme'; SELECT tenancy.consume('ck.soft', 2);" >"$work/soft.sql"
    pgbench -n -d "$database" -M simple -c "$clients" -j 2 -t 5 -f "$work/soft.sql" >"$work/soft.log" 2>&1 ||
        { tail -n 20 "$work/soft.log"; return 1; }
    check "$mode: a soft limit lets all pass, and shows by how much it was exceeded" $((clients * 10 - 100)) \
        "$(value "SELECT overage FROM tenancy.overages")"
    check "$mode: each threshold is told once, and none is missed" "50 80 100" \
        "$(value "SELECT string_agg(threshold::text, ' ' ORDER BY threshold) FROM tenancy.quota_alerts WHERE metric = 'ck.soft'")"
}

# What one call of a statement has written at once, the next one knows.
play_statement() {
    check "$1: a statement's second call sees what the first has used" 't|f' "$(psql -XAtq -d "$database" \
        -c "SET tenancy.tenant_id = 'ck_acme'" -c "DO 'BEGIN PERFORM tenancy.record_usage(''ck.same'', 1); END'" \
        -c "SELECT tenancy.record_usage('ck.same', 6, attributes => '{}'), tenancy.try_consume('ck.same', 6)")"
}

play_kinds() {
    database=tenancy_concurrency
    prepare_kinds
    play_gauge "$1"
    play_rate "$1" "$2"
    if [ "$2" = 1 ]; then
        play_leases "$1"
    else
        check "$1: leases say what they need" 55000 "$(psql -XAtq -d "$database" -v VERBOSITY=sqlstate \
            -c "SET tenancy.tenant_id = 'ck_acme'" -c "SELECT tenancy.acquire_lease('ck.jobs')" 2>&1 | grep -o '[0-9]*$')"
    fi
    play_soft "$1"
    play_statement "$1"
    dropdb "$database"
}

# Prepared transactions, more tenants than places in memory, and a server that dies in between: each
# tenant's limit is used up to the last unit and not one more, whoever ends what was prepared.
play_prepared() {
    local server=$1 gid
    database=tenancy_concurrency
    createdb "$database"
    psql -Xq -d "$database" >/dev/null <<'SQL'
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('cp_plan'), tenancy.create_metric('cp.units'), tenancy.set_limit('cp_plan', 'cp.units', 5, 'total');
SELECT count(*) FROM tenancy.create_tenants((SELECT jsonb_agg(jsonb_build_object('id', 'cp_' || n, 'plan', 'cp_plan')) FROM generate_series(1, 300) n));
SQL
    cat >"$work/prepared.sql" <<'SQL'
\set tenant random_zipfian(1, 300, 1.1)
\set way random(1, 4)
\set name random(1, 1000000000)
BEGIN;
SET LOCAL tenancy.tenant_id = 'cp_:tenant';
SELECT tenancy.try_consume('cp.units');
PREPARE TRANSACTION 'cp_:name';
\if :way <= 2
COMMIT PREPARED 'cp_:name';
\else
ROLLBACK PREPARED 'cp_:name';
\endif
SQL
    # Eight stay prepared over a crash, of tenants that have not used up their limits.
    sed -e '/^.if/,$d' -e 's/^.set tenant .*/\\set tenant 293 + :client_id/' "$work/prepared.sql" >"$work/left.sql"
    pgbench -n -d "$database" -M simple -c 8 -j 2 -t 100 -f "$work/prepared.sql" >"$work/prepared.log" 2>&1 ||
        { tail -n 20 "$work/prepared.log"; return 1; }
    pgbench -n -d "$database" -M simple -c 8 -t 1 -f "$work/left.sql" >>"$work/prepared.log" 2>&1
    control_server "$server" -m immediate stop >/dev/null || true
    control_server "$server" -l "$private_home/servers/$server/server.log" start >/dev/null
    pgbench -n -d "$database" -M simple -c 8 -j 2 -t 100 -f "$work/prepared.sql" >"$work/prepared.log" 2>&1 ||
        { tail -n 20 "$work/prepared.log"; return 1; }
    use_up_all
    check "prepared: while 8 are prepared, no tenant has got more than its limit" t \
        "$(value "SELECT max(used) <= 5 AND sum(used) = 300 * 5 - 8 FROM (SELECT sum(amount) AS used FROM tenancy.usage_ledger GROUP BY tenant_id) u")"
    value "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()" >"$work/gids"
    while read -r gid; do
        value "$([ $((RANDOM % 2)) = 0 ] && echo COMMIT || echo ROLLBACK) PREPARED '$gid'" >/dev/null
    done <"$work/gids"
    use_up_all
    check "prepared: when they have ended, each of 300 has used its limit to the last unit" "300 5 5" \
        "$(value "SELECT count(*) || ' ' || min(used) || ' ' || max(used) FROM (SELECT sum(amount) AS used
            FROM tenancy.usage_ledger GROUP BY tenant_id) u")"
    dropdb "$database"
}

use_up_all() {
    psql -Xq -d "$database" >/dev/null <<'SQL'
DO $$
BEGIN
    FOR n IN 1 .. 300 LOOP
        PERFORM tenancy.set_tenant('cp_' || n);
        WHILE tenancy.try_consume('cp.units') LOOP END LOOP;
        COMMIT;
    END LOOP;
END $$;
SQL
}
