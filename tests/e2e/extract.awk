# Turns a package index into rows to load, with the maintainer's address first.
# SPDX-License-Identifier: PostgreSQL
#
# Tab-separated: address, package, version, architecture, section, installed KiB, depends.

BEGIN { OFS = "\t" }

function clear() { package = version = architecture = section = kib = maintainer = depends = field = "" }

# "Jane Doe <Jane@Example.org>" is the tenant jane@example.org; without brackets, all of it is.
function address(text) {
    if (match(text, /<[^<>]*>/))
        text = substr(text, RSTART + 1, RLENGTH - 2)
    return tolower(text)
}

function flush() {
    if (package != "")
        print address(maintainer), package, version, architecture, section, kib + 0, depends
    clear()
}

/^$/ { flush(); next }
{ gsub(/\t/, " ") }
/^ / { if (field == "Depends:") depends = depends $0; next }
{ field = $1; value = substr($0, length($1) + 2) }
field == "Package:" { package = value }
field == "Version:" { version = value }
field == "Architecture:" { architecture = value }
field == "Section:" { section = value }
field == "Installed-Size:" { kib = value }
field == "Maintainer:" { maintainer = value }
field == "Depends:" { depends = value }
END { flush() }
