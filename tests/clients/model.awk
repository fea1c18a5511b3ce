# What must come of a story: each step's result, and at last every tenant's notes and use. Knows nothing of databases.
# SPDX-License-Identifier: PostgreSQL
#
# -v results=FILE -v contents=FILE. A copied note has the body "tenant:key".
function take(tenant) {
    if (tenant ~ /_[56]$/ && used[tenant] >= 12) return "53400"
    return ""
}

function list(tenant,    text, i, n, keys) {
    n = 0
    for (i in body) {
        split(i, part, SUBSEP)
        if (part[1] == tenant) keys[++n] = part[2]
    }
    sort_keys(keys, n)
    for (i = 1; i <= n; i++) text = text (i > 1 ? "," : "") keys[i] "=" body[tenant, keys[i]]
    return text
}

function sort_keys(keys, n,    i, j, key) {
    for (i = 2; i <= n; i++) {
        key = keys[i]
        for (j = i - 1; j > 0 && keys[j] > key; j--) keys[j + 1] = keys[j]
        keys[j + 1] = key
    }
}

BEGIN { FS = OFS = "\t" }
{
    step = $1; tenant = $2; key = $4; here = (tenant, key) in body; result = ""
    if (tenant == "cl_nobody") result = "42704"
    else if ($3 == "steal") result = "42501"
    else if ($3 == "list") result = list(tenant)
    else if ($3 == "read") result = here ? body[tenant, key] : "-"
    else if ($3 == "change") { result = here + 0; if (here) body[tenant, key] = $5 }
    else if ($3 == "remove") { result = here + 0; delete body[tenant, key] }
    else if ($3 == "half") { result = "23505"; body[tenant, key] = body[tenant, key ".2"] = $5 }
    else if ($3 == "copy") { result = $5; for (i = 1; i <= $5; i++) body[tenant, key "." i] = tenant ":" key "." i }
    else {
        result = take(tenant)
        if (result == "" && here) result = "23505"
        if (result == "" && $3 == "abandon") result = "undone"
        if (result == "") { result = "ok"; used[tenant]++; body[tenant, key] = $5 }
    }
    print step, result > results
}
END {
    for (i in body) {
        split(i, part, SUBSEP)
        print part[1], part[2], body[i] > contents
    }
    for (i in used) print i, "used", used[i] > contents
}
