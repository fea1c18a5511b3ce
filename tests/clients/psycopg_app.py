"""The application with psycopg 3 and its pool: psycopg_app.py STORY RESULTS."""
# SPDX-License-Identifier: PostgreSQL
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool

pool = ConnectionPool(min_size=3, max_size=3)


@contextmanager
def acting_for(tenant):
    with pool.connection() as connection:  # a transaction: committed at the end, or rolled back
        connection.execute("SELECT tenancy.set_tenant(%s, true)", [tenant])
        yield connection


# ---- other ways to say the same ------------------------------------------------------------


@contextmanager
def by_set_config(tenant):
    with pool.connection() as connection:
        connection.execute("SELECT set_config('tenancy.tenant_id', %s, true)", [tenant])
        yield connection


@contextmanager
def by_set_local(tenant):
    # SET takes no parameters: the client has to quote.
    with pool.connection() as connection:
        connection.execute(sql.SQL("SET LOCAL tenancy.tenant_id = {}").format(tenant))
        yield connection


def leave_tenant(connection):
    connection.execute("SELECT tenancy.reset_tenant()")
    connection.commit()


session_pool = ConnectionPool(min_size=2, max_size=2, reset=leave_tenant)


@contextmanager
def by_session(tenant):
    with session_pool.connection() as connection:
        connection.execute(sql.SQL("SET tenancy.tenant_id = {}").format(tenant))
        connection.commit()
        yield connection


@contextmanager
def by_startup(tenant):
    with psycopg.connect(options=f"-c tenancy.tenant_id={tenant}") as connection:
        yield connection


WAYS = [acting_for, by_set_config, by_set_local, by_session, by_startup]

# ---- the application -----------------------------------------------------------------------

INSERT = "INSERT INTO notes (key, body) VALUES (%s, %s)"


class GivenUp(Exception):
    pass


def add(connection, tenant, key, body):
    connection.execute("SELECT tenancy.consume('notes')")
    connection.execute(INSERT, [key, body])
    return "ok"


def abandon(connection, tenant, key, body):
    add(connection, tenant, key, body)
    raise GivenUp


def change(connection, tenant, key, body):
    return connection.execute("UPDATE notes SET body = %s WHERE key = %s", [body, key]).rowcount


def remove(connection, tenant, key, body):
    return connection.execute("DELETE FROM notes WHERE key = %s", [key]).rowcount


def read(connection, tenant, key, body):
    # Prepared on the server, once a connection, for whatever tenants come.
    query = "SELECT tenant_id, key, body FROM notes WHERE key = %s"
    rows = mine(tenant, connection.execute(query, [key], prepare=True))
    return rows[0][2] if rows else "-"


def list_all(connection, tenant, key, body):
    if connection.info.backend_pid % 2 == 0:
        rows = connection.execute("SELECT tenant_id, key, body FROM notes", prepare=True)
    else:
        with connection.cursor().copy("COPY notes (tenant_id, key, body) TO STDOUT") as copy:
            rows = list(copy.rows())
    return ",".join(f"{key}={body}" for _, key, body in sorted(mine(tenant, rows)))


def half(connection, tenant, key, body):
    connection.execute(INSERT, [key, body])
    try:
        with connection.transaction():  # a savepoint
            connection.execute(INSERT, [key, body])
    except psycopg.errors.UniqueViolation as error:
        connection.execute(INSERT, [key + ".2", body])
        return error.sqlstate


def copy_in(connection, tenant, key, body):
    with connection.cursor() as cursor:
        with cursor.copy("COPY notes (key, body) FROM STDIN") as copy:
            for i in range(1, int(body) + 1):
                copy.write_row([f"{key}.{i}", f"{tenant}:{key}.{i}"])
        return cursor.rowcount


def steal(connection, tenant, key, body):
    connection.execute("INSERT INTO notes (tenant_id, key, body) VALUES (%s, %s, 'stolen')", [body, key])


OPERATIONS = dict(add=add, abandon=abandon, change=change, remove=remove, read=read, list=list_all,
                  half=half, copy=copy_in, steal=steal)


def mine(tenant, rows):
    rows = list(rows)
    for row in rows:
        assert row[0] == tenant and row[2].startswith(tenant + ":"), f"{row} for {tenant}"
    return rows


def play(step, tenant, operation, key, body):
    tenant = "" if tenant == "-" else tenant
    way = WAYS[int(step) % len(WAYS)]
    try:
        with way(tenant) as connection:
            return OPERATIONS[operation](connection, tenant, key, body)
    except GivenUp:
        return "undone"
    except psycopg.Error as error:
        assert type(error) is psycopg.errors.lookup(error.sqlstate)
        assert error.sqlstate != "53400" or "resets at" in error.diag.message_detail
        return error.sqlstate


def play_tenant(steps):
    return [(step[0], play(*step)) for step in steps]


def main(story, results):
    by_tenant = defaultdict(list)
    with open(story) as file:
        for line in file:
            step = line.rstrip("\n").split("\t")
            by_tenant[step[1]].append(step)
    # A thread a tenant, so that they take turns with the pool's connections.
    with ThreadPoolExecutor(len(by_tenant)) as threads, open(results, "w") as file:
        for done in threads.map(play_tenant, by_tenant.values()):
            file.writelines(f"{step}\t{result}\n" for step, result in done)
    pool.close()
    session_pool.close()


main(*sys.argv[1:])
