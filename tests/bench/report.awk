# Turns pairs of values into one line of results: medians, the figure, its spread, and whether it meets the budget.
# SPDX-License-Identifier: PostgreSQL
NF >= 1 {
    n++
    one[n] = $1
    other[n] = $2
    if (kind == "ratio")
        figure[n] = $1 / $2
    else if (kind == "difference")
        figure[n] = $1 - $2
    else
        figure[n] = $1
}

END {
    if (n == 0) {
        print "nothing was measured for: " what >"/dev/stderr"
        exit 1
    }
    sort(one)
    sort(other)
    sort(figure)
    middle = median(figure)
    split(budget, limit, " ")
    if (budget != "") {
        # Compared as precisely as it is printed.
        shown = printed(middle)
        gsub(",", "", shown)
        met = (limit[1] == "<=" ? shown + 0 <= limit[2] + 0 : shown + 0 >= limit[2] + 0) ? "yes" : "no"
        budget = (limit[1] == "<=" ? "≤ " : "≥ ") (limit[2] >= 1000 ? amount(limit[2]) : limit[2])
    }
    spread = n > 1 ? printed(figure[1]) " to " printed(figure[n]) : "one run"
    print name "\t" what "\t" unit "\t" amount(median(one)) "\t" against "\t" \
        (against == "–" ? "" : amount(median(other))) "\t" printed(middle) "\t" spread "\t" budget "\t" met "\t" kind
}

function median(list) {
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# Of n values, in place; mawk has no sort of its own.
function sort(list,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = list[i]
        for (j = i - 1; j > 0 && list[j] > value; j--)
            list[j + 1] = list[j]
        list[j + 1] = value
    }
}

function printed(value) {
    if (kind == "ratio")
        return sprintf("%.2fx", value)
    return (kind == "difference" && value >= 0 ? "+" : "") amount(value)
}

# Three digits or more, thousands apart.
function amount(value,    digits, text) {
    if (value < 0)
        return "-" amount(-value)
    if (value !~ /^[0-9.e+]+$/ || value < 100)
        return sprintf(value < 10 ? "%.2f" : "%.1f", value)
    digits = sprintf("%.0f", value)
    while (length(digits) > 3) {
        text = "," substr(digits, length(digits) - 2) text
        digits = substr(digits, 1, length(digits) - 3)
    }
    return digits text
}
