# Reads the facts out of docs/reference.md, one a line: kind, then its fields, separated by tabs.
# SPDX-License-Identifier: PostgreSQL
#
# The second-level heading says what the sections below are about. In "Functions" a section is named after the function,
# its signatures are the lines that begin with "tenancy.", and "Called by: WHO" says who may. In "Settings" a section is
# named after the setting and says Type, Default and Context. In "Tables and views" a section is named after the relation
# and has a row a column. Elsewhere the first cells of a table's rows are the facts.
function code_in(text, from, to) { # the text between the first two backquotes
    from = index(text, "`")
    if (!from)
        return ""
    text = substr(text, from + 1)
    to = index(text, "`")
    return substr(text, 1, to - 1)
}
function cells(line) { # a bar inside a cell is written \|
    gsub(/\\\|/, "\001", line)
    split(line, cell, / *\| */)
}

/^```/ { code = !code; next }
!code && /^## / { chapter = substr($0, 4); section = ""; next }
!code && /^#+ / {
    section = $0
    sub(/^#+ /, "", section)
    gsub(/`/, "", section)
    if (chapter == "Tables and views" && section ~ /^tenancy\./)
        print "relation\t" section
    if (chapter == "The daemon" && section ~ /^tenancyd /)
        print "command\t" substr(section, 10)
    next
}

chapter == "Functions" && /^tenancy\./ { print "function\t" $0 }
chapter == "Functions" && /^Called by: / {
    who = $3
    gsub(/[^a-z]/, "", who)
    print "caller\t" section "\t" who
}
chapter == "Functions" && section != "" {
    rest = $0
    while (match(rest, /`[0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]`/)) {
        print "error\t" section "\t" substr(rest, RSTART + 1, 5)
        rest = substr(rest, RSTART + RLENGTH)
    }
}

chapter == "Settings" && /^Type: / {
    type = code_in($0)
    range = ""
    if (match($0, /from -?[0-9]+ to [0-9e+]+/))
        range = substr($0, RSTART, RLENGTH)
    after = $0
    sub(/.*Default: /, "", after)
    default_value = code_in(after)
    sub(/.*Context: /, "", after)
    print "setting\t" section "\t" type "\t" range "\t" default_value "\t" code_in(after)
}

!code && /^\| `/ {
    cells($0)
    name = code_in(cell[2])
    if (chapter == "Tables and views")
        print "column\t" section "\t" name "\t" cell[3]
    else if (chapter == "Findings")
        print "finding\t" name
    else if (chapter == "The daemon" && name ~ /^--/) {
        value = ""
        option = name
        if (index(name, " ")) {
            value = substr(name, index(name, " ") + 1)
            option = substr(name, 1, index(name, " ") - 1)
        }
        gsub(/\001/, "|", value)
        print "option\t" (section ~ /^tenancyd / ? substr(section, 10) : "") "\t" option "\t" value "\t" code_in(cell[3])
    }
    else if (chapter == "The daemon" && name ~ /^\//)
        print "endpoint\t" name
    else if (chapter == "The daemon" && name ~ /^tenancyd_/)
        print "metric\t" name "\t" cell[3]
    else if (chapter == "The daemon" && section == "Exit codes")
        print "exit\t" name "\t" cell[3]
}
