# Draws what users of the application do: step, tenant, operation, key, body. "-" stands for no tenant.
# SPDX-License-Identifier: PostgreSQL
#
# add        a note, which the plan may refuse: 53400; a key that is there: 23505
# abandon    the same, and then the application gives up: nothing may stay, nor be counted
# change     a note's body; remove: a note; read: one note; list: all
# half       a transaction whose second half fails and is rolled back to a savepoint
# copy       as many notes as the body says, with COPY where the client has it
# steal      a note for the tenant that the body names: 42501
BEGIN {
    OFS = "\t"
    srand(seed)
    for (step = 1; step <= steps; step++) {
        tenant = "cl_" int(1 + rand() * 6)
        key = "k" int(1 + rand() * 12)
        body = tenant ":" step
        draw = rand()
        if (draw < 0.03) { tenant = "cl_nobody"; operation = rand() < 0.5 ? "add" : "list" }
        else if (draw < 0.06) { body = tenant; tenant = "-"; operation = rand() < 0.5 ? "list" : "steal" }
        else if (draw < 0.36) operation = "add"
        else if (draw < 0.46) operation = "abandon"
        else if (draw < 0.56) operation = "change"
        else if (draw < 0.62) operation = "remove"
        else if (draw < 0.74) operation = "read"
        else if (draw < 0.86) operation = "list"
        else if (draw < 0.91) { operation = "half"; key = "h" step }
        else if (draw < 0.96) { operation = "copy"; key = "c" step; body = int(1 + rand() * 5) }
        else { operation = "steal"; body = tenant == "cl_1" ? "cl_2" : "cl_1" }
        print step, tenant, operation, key, body
    }
}
