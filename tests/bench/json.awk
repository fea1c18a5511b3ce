# Prints results as JSON: an object with the machine and a list of measures.
# SPDX-License-Identifier: PostgreSQL
BEGIN {
    FS = "\t"
    printf "{\"machine\": \"%s\", \"quick\": %s, \"measures\": [", escaped(machine), quick
}
{
    printf "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"result\": %s, \"against\": \"%s\", \"against_result\": %s, ", \
        (NR > 1 ? "," : ""), $1, escaped($2), $3, number($4), escaped($5), number($6)
    printf "\"kind\": \"%s\", \"figure\": %s, \"spread\": \"%s\", \"budget\": %s, \"met\": %s}", \
        $11, number($7), $8, ($9 == "" ? "null" : "\"" $9 "\""), \
        ($10 == "" ? "null" : $10 == "yes" ? "true" : "false")
}
END { print "\n]}" }

function escaped(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return text
}

function number(text) {
    gsub(/[,x+]/, "", text)
    return text == "" ? "null" : text
}
