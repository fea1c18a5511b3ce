# Counts, straight from the package index, what every address must have: packages, dependencies, KiB, refused.
# SPDX-License-Identifier: PostgreSQL
#
# usage: awk -v batch=N -v limit=N -f expected.awk index
# The oracle of the test: it shares nothing with extract.awk and load.awk, and reads by paragraph where they read lines.
# "refused" is how many packages a limit leaves out when they are delivered in batches.

BEGIN { RS = ""; FS = "\n"; OFS = "\t" }

function close_batch(address) {
    if (admitted[address] + open[address] <= limit)
        admitted[address] += open[address]
    else
        refused[address] += open[address]
    open[address] = 0
}

{
    split("", field)
    gsub(/\n[ \t]+/, " ")
    for (i = 1; i <= NF; i++) {
        colon = index($i, ":")
        field[substr($i, 1, colon - 1)] = substr($i, colon + 2)
    }
    address = field["Maintainer"]
    if (split(address, part, /[<>]/) > 2)
        address = part[2]
    address = tolower(address)
    if (++packages[address] % batch == 1 && packages[address] > 1)
        close_batch(address)
    open[address]++
    kib[address] += field["Installed-Size"]
    # A clause more than there are commas; none at all without the field.
    if (field["Depends"] != "")
        dependencies[address] += 1 + gsub(/,/, ",", field["Depends"])
}

END {
    for (address in packages) {
        close_batch(address)
        print address, packages[address], dependencies[address] + 0, kib[address] + 0, refused[address] + 0
    }
}
