# What a client was told, from its output: "told TOKEN" lines, "wrote N" INSERTs, and the block whose end is unknown.
# SPDX-License-Identifier: PostgreSQL
$1 == "begin" { open = $2; keyed = $3 == "keyed"; rows = 0; next }
$1 == "row" { row[++rows] = $2; next }
$1 == "COMMIT" {
    for (i = 1; i <= rows; i++) print "told", row[i]
    rows = 0
    next
}
# Also what COMMIT answers in a transaction that has failed.
$1 == "ROLLBACK" { rows = 0; next }
$1 == "INSERT" { wrote++; next }
$1 == "end" {
    if (keyed) last = open
    open = ""
    next
}
END {
    if (open != "" && keyed) print "unknown", open
    if (last != "") print "known", last
    print "wrote", wrote + 0
}
