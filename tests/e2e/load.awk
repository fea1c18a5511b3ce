# Writes what the application does: psql scripts that load each tenant's packages in the tenant's own session.
# SPDX-License-Identifier: PostgreSQL
#
# usage: awk -v workers=N -v batch=N -v month=YYYY-MM-01 -v directory=D -f load.awk tenants.tsv packages.tsv
# packages.tsv is sorted by its first column. Every batch is one transaction, which takes its packages from the quota
# first, and gives up when that refuses. Delivering a batch twice is no harm: rows meet their keys, usage its own.

BEGIN { FS = "\t" }

function quoted(text) { gsub(/'/, "''", text); return "'" text "'" }

function emit(text) { print text > file }

function open_tenant(address) {
    # The worker with the least to do so far.
    worker = 1
    for (i = 2; i <= workers; i++)
        if (load[i] < load[worker])
            worker = i
    file = directory "/load." worker ".sql"
    emit("SET tenancy.tenant_id = " quoted(id[address]) ";")
    tenant = address
    batch_no = 0
}

function close_batch() {
    if (rows == 0)
        return
    batch_no++
    load[worker] += rows
    emit("BEGIN;")
    emit("SELECT tenancy.consume('packages', " rows ", key => 'batch " batch_no "');")
    emit("\\if :ERROR")
    emit("ROLLBACK;")
    emit("\\echo refused " id[tenant] " " rows)
    emit("\\else")
    emit("INSERT INTO app.packages (package, version, architecture, section, installed_kib) VALUES" packages)
    emit("ON CONFLICT DO NOTHING;")
    # An event with a key, a time and attributes of its own; a time that is still to come counts as now.
    emit("SELECT tenancy.record_usage('installed_kib', " kib ", key => 'batch " batch_no "',")
    emit("    at => timestamptz '" month " 00:00+00' + interval '" batch_no % 27 "d " batch_no % 24 "h',")
    emit("    attributes => '{\"packages\": " rows "}');")
    if (dependencies != "") {
        emit("INSERT INTO app.dependencies (package, version, architecture, position, clause) VALUES" dependencies)
        emit("ON CONFLICT DO NOTHING;")
        # Without a key: what was really written, so nothing the second time.
        emit("SELECT tenancy.record_usage('dependencies', :ROW_COUNT);")
    }
    emit("COMMIT;")
    emit("\\endif")
    rows = kib = 0
    packages = dependencies = ""
}

FNR == NR { id[$1] = $2; next }
$1 != tenant { close_batch(); open_tenant($1) }
rows == batch { close_batch() }
{
    key = quoted($2) ", " quoted($3) ", " quoted($4)
    packages = packages (rows++ ? ",\n" : "\n") "(" key ", " quoted($5) ", " $6 ")"
    kib += $6
    clauses = split($7, clause, /, */)
    for (i = 1; i <= clauses; i++)
        dependencies = dependencies (dependencies == "" ? "\n" : ",\n") "(" key ", " i ", " quoted(clause[i]) ")"
}
END { close_batch() }
