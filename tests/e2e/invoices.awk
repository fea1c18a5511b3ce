# Applies the price book to counts: prints each tenant and the total of its invoice. Whole numbers only, so it is exact.
# SPDX-License-Identifier: PostgreSQL
#
# usage: awk -f invoices.awk prices.tsv counts.tsv; counts: id, plan, packages, dependencies, KiB
# It shares nothing with the extension's price() and invoices.

BEGIN { FS = OFS = "\t" }

# A price of up to 7 decimals in ten-millionths: doubles hold whole numbers up to 2^53 exactly.
function scaled(price,    part) {
    split(price, part, ".")
    return part[1] * 10000000 + substr(part[2] "0000000", 1, 7)
}

FNR == NR { price[$1, $2] = scaled($3); next }
{
    exact = price[$2, "base"] + price[$2, "support"]
    exact += $3 * price[$2, "packages"] + $4 * price[$2, "dependencies"] + $5 * price[$2, "installed_kib"]
    # Rounded once, half a cent upwards.
    cents = int((exact + 50000) / 100000)
    printf "%s\t%d.%02d\n", $1, int(cents / 100), cents % 100
}
