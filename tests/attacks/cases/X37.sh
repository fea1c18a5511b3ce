# what: fill up another tenant's storage with rows in its name, in a table of one's own that one attaches
# SPDX-License-Identifier: PostgreSQL
# outcome: open
# roles: app owner
# twin: none, it is about storage
# do: no `CREATE` for applications, on no schema; `tenancy.attached_tables` and the audit log show who attached what
psql -XAtq -c "CREATE SCHEMA x37 AUTHORIZATION $role" >/dev/null
as "$role" '' 'CREATE TABLE x37.mine (whose text, body text)' \
    "INSERT INTO x37.mine SELECT '$other', repeat('x', 1000) FROM generate_series(1, 100)" \
    "SELECT tenancy.attach('x37.mine', 'whose')" >/dev/null
want 1 "$(psql -XAtq -c "SELECT tenancy.measure_storage('x37.mine', exact => true)")"
leak t "$(psql -XAtq -c "SELECT bytes > 100000 FROM tenancy.tenant_storage WHERE relation = 'x37.mine'::regclass AND tenant_id = '$other'")"
psql -XAtq -c 'DROP SCHEMA x37 CASCADE' >/dev/null 2>&1
