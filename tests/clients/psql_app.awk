# The application as scripts for psql: makes SCRIPT.1, SCRIPT.2, SCRIPT.3, whose output is the results.
# SPDX-License-Identifier: PostgreSQL
#
# Each session acts for several tenants in turn. Tenants come in ways that psql has.
function say(text) { print text > (script "." session) }

function quote(text) { return "'" text "'" }

function begin() {
    if (way == 2) {
        # Outside of the transaction, which it outlives.
        say("SET tenancy.tenant_id = :'tenant';")
        say("BEGIN;")
        return
    }
    say("BEGIN;")
    if (way == 0) say("SET LOCAL tenancy.tenant_id = :'tenant';")
    else say("SELECT tenancy.set_tenant(:'tenant', true) \\g /dev/null")
}

function finish(result) {
    say(operation == "abandon" ? "ROLLBACK;" : "COMMIT;")
    if (way == 2) say("RESET tenancy.tenant_id;")
    say("\\if :failed")
    say("\\echo " step " :sqlstate")
    say("\\else")
    say("\\echo " step " " result)
    say("\\endif")
}

# A statement, unless one before it has failed.
function try(statement) {
    say("\\if :failed\n\\else\n" statement)
    say("\\set failed :ERROR\n\\set sqlstate :SQLSTATE\n\\endif")
}

# Keeps rows in `rows` after looking whose they are.
function fetch(statement) {
    try(statement " \\gset")
    say("\\if :failed\n\\else\n\\if :strangers\n\\echo " step " STRANGERS\n\\endif\n\\endif")
}

BEGIN { FS = "\t" }
{
    step = $1; tenant = $2 == "-" ? "" : $2; operation = $3; key = quote($4); body = quote($5)
    if (!(tenant in sessions)) sessions[tenant] = 1 + count++ % 3
    session = sessions[tenant]
    if (!(session in opened)) {
        opened[session] = 1
        say("PREPARE read_note(text) AS SELECT coalesce(min(body), '-') AS result, " \
            "count(*) FILTER (WHERE tenant_id <> current_setting('tenancy.tenant_id') OR body NOT LIKE tenant_id || ':%') > 0 " \
            "AS strangers FROM notes WHERE key = $1;")
    }
    way = step % 3
    say("\\set tenant " quote(tenant))
    say("\\set failed off")
    begin()
    # set_tenant() itself may have failed.
    say("\\set failed :ERROR\n\\set sqlstate :SQLSTATE")
    if (operation == "add" || operation == "abandon") {
        try("SELECT tenancy.consume('notes') \\g /dev/null")
        try("INSERT INTO notes (key, body) VALUES (" key ", " body ");")
        finish(operation == "add" ? "ok" : "undone")
    } else if (operation == "change") {
        try("UPDATE notes SET body = " body " WHERE key = " key ";")
        say("\\set result :ROW_COUNT")
        finish(":result")
    } else if (operation == "remove") {
        try("DELETE FROM notes WHERE key = " key ";")
        say("\\set result :ROW_COUNT")
        finish(":result")
    } else if (operation == "read") {
        fetch("EXECUTE read_note(" key ")")
        finish(":result")
    } else if (operation == "list") {
        fetch("SELECT coalesce(string_agg(key || '=' || body, ',' ORDER BY key COLLATE \"C\"), '') AS result, " \
            "count(*) FILTER (WHERE tenant_id <> :'tenant' OR body NOT LIKE tenant_id || ':%') > 0 AS strangers FROM notes")
        finish(":result")
    } else if (operation == "half") {
        try("INSERT INTO notes (key, body) VALUES (" key ", " body ");")
        say("SAVEPOINT half;")
        say("INSERT INTO notes (key, body) VALUES (" key ", " body ");")
        say("\\set result :SQLSTATE")
        say("ROLLBACK TO half;")
        try("INSERT INTO notes (key, body) VALUES (" key " || '.2', " body ");")
        finish(":result")
    } else if (operation == "copy") {
        say("COPY notes (key, body) FROM STDIN;")
        for (i = 1; i <= $5; i++) say($4 "." i "\t" tenant ":" $4 "." i)
        say("\\.")
        say("\\set failed :ERROR\n\\set sqlstate :SQLSTATE\n\\set result :ROW_COUNT")
        finish(":result")
    } else {
        try("INSERT INTO notes (tenant_id, key, body) VALUES (" body ", " key ", 'stolen');")
        finish("stolen")
    }
}
