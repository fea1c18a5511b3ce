# Prints results as an aligned Markdown table.
# SPDX-License-Identifier: PostgreSQL
BEGIN {
    FS = "\t"
    row("measure", "result", "against", "figure", "spread", "budget", "met")
    rows++ # the rule below the heads
}
{
    row($2, $4 " " $3, $5 ($6 == "" ? "" : ": " $6), $7, $8, $9, $10)
}
END {
    for (r = 1; r <= rows; r++) {
        line = "|"
        for (c = 1; c <= columns; c++)
            line = line (r == 2 ? " " fill("-", width[c]) " |" : " " cell[r, c] fill(" ", width[c] - size(cell[r, c])) " |")
        print line
    }
}

function row(a, b, c, d, e, f, g,    i, text) {
    rows++
    columns = split(a "\t" b "\t" c "\t" d "\t" e "\t" f "\t" g, text, "\t")
    for (i = 1; i <= columns; i++) {
        cell[rows, i] = text[i]
        if (size(text[i]) > width[i])
            width[i] = size(text[i])
    }
}

# In characters: awk may count bytes.
function size(text) {
    gsub(/[\200-\277]/, "", text)
    return length(text)
}

function fill(with, n,    text) {
    while (n-- > 0)
        text = text with
    return text
}
