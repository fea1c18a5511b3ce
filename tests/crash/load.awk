# Writes one client's transactions for psql, drawn at random: -v seed, -v prefix (of tokens), -v count.
# SPDX-License-Identifier: PostgreSQL
#
# Every business row has a token of its own. A row that is rolled back on purpose has one that begins
# with "x": it must never be seen. "row TOKEN" in the output, with COMMIT after it, is what the client
# was told. A block between "begin TOKEN" and "end TOKEN" that is marked "keyed" may be sent again.

function draw(n) { return int(rand() * n) + 1 }

function insert(token, metric, amount) {
    printf "INSERT INTO work (token, metric, amount) VALUES ('%s', '%s', %d) ON CONFLICT DO NOTHING;\n", token, metric, amount
}

function tell(token) { printf "SELECT 'row ' || token FROM work WHERE token = '%s';\n", token }

BEGIN {
    srand(seed)
    for (n = 1; n <= count; n++) {
        token = prefix "." n
        amount = draw(5)
        way = draw(12)
        keyed = way <= 5
        printf "\\echo begin %s%s\n", token, keyed ? " keyed" : ""
        printf "BEGIN;\nSET LOCAL tenancy.tenant_id = 'cr_%d';\n", draw(3)
        if (way <= 2) {
            printf "SELECT tenancy.consume('cr.units', %d, '%s');\n", amount, token
            insert(token, "cr.units", amount)
        } else if (way == 3) {
            printf "SELECT tenancy.record_usage('cr.events', %d, '%s');\n", amount, token
            insert(token, "cr.events", amount)
        } else if (way == 4) {
            printf "SELECT tenancy.record_usage('cr.events', %d, '%s', '2026-03-%02d 12:30:00+00', '{\"n\": 1}');\n", amount, token, draw(15)
            insert(token, "cr.events", amount)
        } else if (way == 5) {
            # The key is claimed, given back with the savepoint, and claimed again.
            printf "SAVEPOINT s;\nSELECT tenancy.record_usage('cr.events', %d, '%s');\n", amount, token
            insert("x" token, "cr.events", amount)
            printf "ROLLBACK TO s;\nSELECT tenancy.record_usage('cr.events', %d, '%s');\n", amount, token
            insert(token, "cr.events", amount)
        } else if (way == 6) {
            printf "SELECT tenancy.consume('cr.units', %d);\n", amount
            insert(token, "cr.units", amount)
        } else if (way == 7) {
            printf "SELECT tenancy.consume('cr.units', %d);\n", amount
            insert("x" token, "cr.units", amount)
        } else if (way == 8) {
            printf "SAVEPOINT s;\nSELECT tenancy.try_consume('cr.units', %d);\n", amount
            insert("x" token, "cr.units", amount)
            printf "ROLLBACK TO s;\nSELECT tenancy.consume('cr.units', %d);\n", amount
            insert(token, "cr.units", amount)
        } else if (way == 9) {
            printf "SAVEPOINT s;\nSAVEPOINT t;\nSELECT tenancy.consume('cr.units', 1);\nRELEASE t;\n"
            printf "SELECT tenancy.record_usage('cr.events', 0);\nRELEASE s;\nSELECT tenancy.consume('cr.units', %d);\n", amount
            insert(token, "cr.units", amount + 1)
        } else if (way == 10) {
            printf "SELECT undo_by_exception('x%s', %d);\n", token, amount
            printf "SELECT tenancy.record_usage('cr.events', %d);\n", amount
            insert(token, "cr.events", amount)
        } else if (way == 11) {
            # Another tenant within the same transaction.
            printf "SELECT tenancy.record_usage('cr.events', %d);\n", amount
            insert(token, "cr.events", amount)
            tell(token)
            printf "SET LOCAL tenancy.tenant_id = 'cr_%d';\nSELECT tenancy.record_usage('cr.events', 1);\n", draw(3)
            insert(token "b", "cr.events", 1)
            tell(token "b")
        } else {
            printf "SELECT tenancy.consume('cr.units', %d);\n", amount
            insert(token, "cr.units", amount)
        }
        tell(token)
        if (way == 7)
            print "ROLLBACK;"
        else if (way == 12) {
            # Refused or not, nothing may be counted that is not there, nor be there and not counted.
            printf "PREPARE TRANSACTION '%s';\n", token
            # Some are left to whoever comes after the server's death.
            if (draw(20) > 1) printf "%s PREPARED '%s';\n", draw(2) == 1 ? "COMMIT" : "ROLLBACK", token
        } else
            print "COMMIT;"
        printf "\\echo end %s\n", token
    }
}
