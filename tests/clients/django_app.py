"""The application with Django's ORM, middleware and requests: django_app.py STORY RESULTS."""
# SPDX-License-Identifier: PostgreSQL
import os
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO

import django
from django.conf import settings

SERVER = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ["PGDATABASE"],
    "HOST": os.environ["PGHOST"],
    "PORT": os.environ["PGPORT"],
    "USER": os.environ["PGUSER"],
    "ATOMIC_REQUESTS": True,
    "CONN_MAX_AGE": None,
}
settings.configure(
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": SERVER, "owner": {**SERVER, "USER": os.environ["OWNER"], "ATOMIC_REQUESTS": False}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
    MIDDLEWARE=["__main__.TenantMiddleware"],
    ROOT_URLCONF="__main__",
)
django.setup()

from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

# ---- the recommended way -------------------------------------------------------------------

current_tenant = ContextVar("current_tenant", default="")


@contextmanager
def acting_for(tenant):
    token = current_tenant.set(tenant)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT tenancy.set_tenant(%s, true)", [tenant])
            yield
    finally:
        current_tenant.reset(token)


class TenantMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            with WAYS[request.headers["X-Way"]](request.headers["X-Tenant"]):
                return self.get_response(request)
        except DatabaseError as error:  # such as an unknown tenant
            return refusal(error)

    def process_exception(self, request, error):
        return refusal(error) if isinstance(error, DatabaseError) else None


class Note(models.Model):
    tenant_id = models.TextField(default=current_tenant.get, editable=False)
    key = models.TextField()
    body = models.TextField()

    class Meta:
        app_label = "notes"
        db_table = "notes"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "key"], name="notes_key")]


# ---- other ways to say the same ------------------------------------------------------------


@contextmanager
def by_session(tenant):
    token = current_tenant.set(tenant)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenancy.set_tenant(%s)", [tenant])
        yield
    finally:
        current_tenant.reset(token)
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenancy.reset_tenant()")


@contextmanager
def by_new_connection(tenant):
    # A worker that acts for one tenant: whatever connection it opens begins with that.
    token = current_tenant.set(tenant)
    connection.close()
    try:
        connection.ensure_connection()
        yield
    finally:
        current_tenant.reset(token)
        connection.close()


def set_tenant_of_new_connection(connection, **kwargs):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tenancy.tenant_id', %s, false)", [current_tenant.get()])


connection_created.connect(set_tenant_of_new_connection)

WAYS = {"0": acting_for, "1": by_session, "2": by_new_connection}

# ---- the application -----------------------------------------------------------------------


class GivenUp(Exception):
    pass


def refusal(error):
    sqlstate = error.__cause__.pgcode
    expected = {"53400": "OperationalError", "23505": "IntegrityError"}.get(sqlstate, "ProgrammingError")
    assert type(error).__name__ == expected, f"{sqlstate} is {type(error)}"
    assert sqlstate != "53400" or "resets at" in error.__cause__.diag.message_detail
    return HttpResponse(sqlstate, status=409)


def mine(notes):
    tenant = current_tenant.get()
    for note in notes:
        assert note.tenant_id == tenant and note.body.startswith(tenant + ":"), f"{note} for {tenant}"
    return notes


def add(request, key, body):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenancy.consume('notes')")
    Note.objects.create(key=key, body=body)
    return HttpResponse("ok")


def abandon(request, key, body):
    add(request, key, body)
    raise GivenUp


def change(request, key, body):
    return HttpResponse(Note.objects.filter(key=key).update(body=body))


def remove(request, key, body):
    return HttpResponse(Note.objects.filter(key=key).delete()[0])


def read(request, key, body):
    notes = mine(Note.objects.filter(key=key))
    return HttpResponse(notes[0].body if notes else "-")


def list_all(request, key, body):
    # iterator() reads through a cursor of the server.
    notes = sorted(mine(list(Note.objects.iterator())), key=lambda note: note.key)
    return HttpResponse(",".join(f"{note.key}={note.body}" for note in notes))


def half(request, key, body):
    Note.objects.create(key=key, body=body)
    try:
        with transaction.atomic():  # a savepoint
            Note.objects.create(key=key, body=body)
    except IntegrityError as error:
        Note.objects.create(key=key + ".2", body=body)
        return HttpResponse(error.__cause__.pgcode)


def copy(request, key, body):
    notes = [Note(key=f"{key}.{i}", body=f"{current_tenant.get()}:{key}.{i}") for i in range(1, int(body) + 1)]
    if len(notes) % 2 == 0:
        return HttpResponse(len(Note.objects.bulk_create(notes)))
    with connection.cursor() as cursor:
        lines = "".join(f"{note.key}\t{note.body}\n" for note in notes)
        cursor.copy_expert("COPY notes (key, body) FROM STDIN", StringIO(lines))
        return HttpResponse(cursor.rowcount)


def steal(request, key, body):
    Note.objects.create(tenant_id=body, key=key, body="stolen")
    return HttpResponse("stolen")


OPERATIONS = dict(add=add, abandon=abandon, change=change, remove=remove, read=read, list=list_all,
                  half=half, copy=copy, steal=steal)
urlpatterns = [path(f"{name}/<key>/<body>", view) for name, view in OPERATIONS.items()]

# ---- its users -----------------------------------------------------------------------------


def play(step, tenant, operation, key, body):
    response = Client(raise_request_exception=False).get(
        f"/{operation}/{key}/{body}", HTTP_X_TENANT="" if tenant == "-" else tenant, HTTP_X_WAY=str(int(step) % 3))
    if response.status_code == 500:
        error = response.exc_info[1]
        if not isinstance(error, GivenUp):
            raise error
        return "undone"
    return response.content.decode()


def play_steps(steps):
    try:
        return [(step[0], play(*step)) for step in steps]
    finally:
        connections.close_all()


def main(story, results):
    # What a migration does, as the owner. The table is attached by itself.
    with connections["owner"].schema_editor() as editor:
        editor.create_model(Note)
    connections.close_all()
    threads, of_thread = 3, {}
    by_thread = defaultdict(list)
    with open(story) as file:
        for line in file:
            step = line.rstrip("\n").split("\t")
            # A tenant's requests come in order, and a thread's connection serves several tenants in turn.
            by_thread[of_thread.setdefault(step[1], len(of_thread) % threads)].append(step)
    with ThreadPoolExecutor(threads) as executor, open(results, "w") as file:
        for done in executor.map(play_steps, by_thread.values()):
            file.writelines(f"{step}\t{result}\n" for step, result in done)


if __name__ == "__main__":
    main(*sys.argv[1:])
