# shellcheck shell=bash
# What tests/e2e/run needs besides its story: sessions, checks, phases. Sourced after scripts/lib.sh.
# SPDX-License-Identifier: PostgreSQL

database=tenancy_e2e app_role=tenancy_e2e_app operator_role=tenancy_e2e_operator

# ---- sessions ------------------------------------------------------------------------------

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
as_app() { sql -U "$app_role" "$@"; }
as_operator() { sql -U "$operator_role" "$@"; }
tenancyd() { PGUSER=$operator_role "$TENANCYD" "$@"; }

# json NAME EXPRESSION: an SQL expression over j, the JSON document in the file NAME.json.
json() {
    sql -v file="$work/$1.json" <<SQL
\set document \`cat :'file'\`
SELECT $2 FROM (SELECT :'document'::jsonb) AS d(j);
SQL
}

# sqlstate: of the first error in what psql printed with VERBOSITY=verbose.
sqlstate() { sed -nE 's/.*(ERROR|FATAL):  ([0-9A-Z]{5}): .*/\2/p' | head -n 1; }

# app_error TENANT STATEMENT: the SQLSTATE that an application's session gets for it.
app_error() {
    as_app -v ON_ERROR_STOP=0 -v VERBOSITY=verbose 2>&1 <<<"SET tenancy.tenant_id = '$1'; $2;" | sqlstate
}

# One session that stays open, to be asked again and again.
open_session() {
    coproc SESSION { as_app -v ON_ERROR_STOP=0 -v VERBOSITY=verbose 2>&1; }
    # Duplicates, because bash closes the originals in subshells.
    exec {session_in}>&"${SESSION[1]}" {session_out}<&"${SESSION[0]}"
}
ask() {
    local line
    printf '%s\n' "$1" '\echo end of answer' >&"$session_in"
    while IFS= read -r line <&"$session_out" && [ "$line" != "end of answer" ]; do
        printf '%s\n' "$line"
    done
}
close_session() { ask '\q'; }

# ---- names ---------------------------------------------------------------------------------

# name_tenants: addresses, one a line, to address, tenant id and plan. An address is its own id if
# it can be one, and is named by its digest if not.
name_tenants() {
    local address id plan
    while IFS= read -r address; do
        id=$address plan=community
        if [[ ! $address =~ ^[a-z0-9][a-z0-9._:@+~-]{0,62}$ ]]; then
            id=maintainer:$(sha256sum <<<"$address" | cut -c 1-40)
        fi
        [[ $address != *team* && $address != *list* ]] || plan=team
        printf '%s\t%s\t%s\n' "$address" "$id" "$plan"
    done
}

# ---- checks --------------------------------------------------------------------------------

# check WHAT EXPECTED ACTUAL
check() {
    if [ "$2" = "$3" ]; then
        add_counts 1 0
        note "  ok      $1"
    else
        add_counts 0 1
        note "  FAILED  $1"
        note "          expected: $2"
        note "          actual:   $3"
    fi
}

# check_same WHAT EXPECTED_FILE ACTUAL_FILE
check_same() {
    local difference
    if difference=$(diff "$2" "$3"); then
        check "$1" same same
    else
        check "$1" same "$(head -n 10 <<<"$difference")"
    fi
}

# ---- phases --------------------------------------------------------------------------------

phase() {
    end_phase
    phase_started=$EPOCHREALTIME
    note "$1"
}

end_phase() {
    [ -z "${phase_started:-}" ] ||
        awk -v from="$phase_started" -v to="$EPOCHREALTIME" 'BEGIN { printf "  %.1f s\n", to - from }'
    phase_started=
}
