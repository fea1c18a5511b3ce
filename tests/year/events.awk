# Writes a stage's events for psql: -v month (1 to 12), -v stage (1 to 3). The same each time, each with a key.
# SPDX-License-Identifier: PostgreSQL
#
# A stage can be delivered again as often as need be: what has a key counts once.

function draw(n) { return int(rand() * n) + 1 }

# Up to the stage's day of the month; some belong to the month before, for which the invoice is out.
function moment(day, late) {
    day = draw(stage * 8 - 1)
    late = month > 1 && rand() < 0.08
    return sprintf("2026-%02d-%02d %02d:%02d:%02d+00", late ? month - 1 : month, late ? 10 + draw(18) : day, draw(24) - 1, draw(60) - 1, draw(60) - 1)
}

BEGIN {
    srand(month * 10 + stage)
    split("y.calls y.exports y.seats y.users y.sales", metrics, " ")
    for (n = 1; n <= 60; n++) {
        printf "BEGIN;\nSET LOCAL tenancy.tenant_id = 'y_%d';\n", draw(12)
        for (event = draw(4); event > 0; event--) {
            metric = metrics[draw(5)]
            printf "SELECT tenancy.record_usage('%s', %d, '%d.%d.%d.%d', '%s', '{\"user\": \"u%d\"}');\n", metric, draw(metric == "y.calls" ? 300 : 20), month, stage, n, event, moment(), draw(9)
        }
        print rand() < 0.1 ? "ROLLBACK;" : "COMMIT;"
    }
}
