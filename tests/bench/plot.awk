# Draws medians over the number of tenants as an SVG: lines of "tenants TAB series TAB microseconds".
# SPDX-License-Identifier: PostgreSQL
BEGIN {
    FS = "\t"
    split("#0b61a4 #8a9199 #b4440c #c9a227", colour, " ")
    left = 70; top = 46; wide = 520; high = 260
}
{
    if (!($1 in seen)) { seen[$1]; x[++columns] = $1 }
    if (!($2 in number)) { number[$2] = ++rows; name[rows] = $2 }
    key = $1 SUBSEP $2
    values[key, ++count[key]] = $3
}
END {
    for (r = 1; r <= rows; r++)
        for (c = 1; c <= columns; c++) {
            key = x[c] SUBSEP name[r]
            middle[r, c] = median(key)
            if (middle[r, c] > most)
                most = middle[r, c]
        }
    step = 10 ^ int(log(most / 2) / log(10))
    while (most / step > 6)
        step *= most / step > 12 ? 5 : 2
    ceiling = step * (int(most / step) + 1)
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " left + wide + 44 " " top + high + 58 + 20 * rows "\" font-family=\"sans-serif\" font-size=\"13\">"
    print "<title>Microseconds a transaction, by the number of tenants in one table</title>"
    print "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    print "<text x=\"" left "\" y=\"24\" font-size=\"15\" fill=\"#1d2329\">Microseconds a transaction, one client, tenants at random</text>"
    for (v = 0; v <= ceiling + step / 2; v += step) {
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dde1e5\"/>\n", left, left + wide, y(v), y(v)
        printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#4a525a\">%d</text>\n", left - 8, y(v) + 4, v
    }
    for (c = 1; c <= columns; c++)
        printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#4a525a\">%s</text>\n", at(c), top + high + 20, grouped(x[c])
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#4a525a\">tenants</text>\n", left + wide / 2, top + high + 38
    for (r = 1; r <= rows; r++) {
        line = ""
        for (c = 1; c <= columns; c++)
            line = line sprintf("%.1f,%.1f ", at(c), y(middle[r, c]))
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", line, colour[r], r % 2 ? "" : " stroke-dasharray=\"5 4\""
        for (c = 1; c <= columns; c++)
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", at(c), y(middle[r, c]), colour[r]
        below = top + high + 50 + 20 * r
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", left, left + 28, below - 4, below - 4, colour[r], r % 2 ? "" : " stroke-dasharray=\"5 4\""
        printf "<text x=\"%d\" y=\"%d\" fill=\"#1d2329\">%s</text>\n", left + 36, below, name[r]
    }
    print "</svg>"
}

function at(c) { return left + (columns > 1 ? wide * (c - 1) / (columns - 1) : wide / 2) }
function y(v) { return top + high - high * v / ceiling }
function median(key,    n, i, j, list, swap) {
    n = count[key]
    for (i = 1; i <= n; i++) {
        list[i] = values[key, i] + 0
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
function grouped(n) {
    n = n ""
    while (n ~ /[0-9][0-9][0-9][0-9]/) {
        match(n, /[0-9][0-9][0-9]($|,)/)
        n = substr(n, 1, RSTART - 1) "," substr(n, RSTART)
    }
    return n
}
