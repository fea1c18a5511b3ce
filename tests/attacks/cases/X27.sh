# what: bind a statement in the extended protocol, and execute it when the tenant has changed; named and unnamed, generic and custom plans
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
wire() { perl "$root/tests/attacks/wire.pl" "$role" "$PGDATABASE" "$@"; }
set_own="query SET LOCAL tenancy.tenant_id = '$own'"

# Opened without a tenant: not read yet, read in part (of rows that hide what they have), about to write.
wire "query BEGIN" "parse s SELECT body FROM $t" "bind p s" sync "$set_own" "execute p 0" sync
wire "query BEGIN" "parse s SELECT id, CASE WHEN id > 1 THEN body END FROM $t ORDER BY id" "bind p s" "execute p 1" sync "$set_own" "execute p 0" sync
wire "query BEGIN" "parse s UPDATE $t SET amount = 0 RETURNING body" "bind p s" sync "$set_own" "execute p 0" sync "query COMMIT"
wire "query BEGIN" "parse s DELETE FROM $t WHERE id = 2" "bind p s" sync "$set_own" "execute p 0" sync "query COMMIT"
wire "query BEGIN" "parse s INSERT INTO $t VALUES ('$other', 9, 0, 'LEAK')" "bind p s" sync "$set_own" "execute p 0" sync "query COMMIT"
# Opened for another tenant, and RESET brings back our own, which asks nobody.
PGOPTIONS="-c tenancy.tenant_id=$own" wire "query SET tenancy.tenant_id = '$other'" "query BEGIN" \
    "parse s SELECT id, CASE WHEN id > 1 THEN body END FROM $t ORDER BY id" "bind p s" "execute p 1" sync "query RESET tenancy.tenant_id" "execute p 0" sync
PGOPTIONS="-c tenancy.tenant_id=$own" wire "query SET tenancy.tenant_id = '$other'" "query BEGIN" \
    "parse s SELECT body FROM $t WHERE id = \$1::int" "bind p s 1" sync "query RESET tenancy.tenant_id" "execute p 0" sync
# Plans that are kept, for one tenant and the other; six times, so that custom plans may become generic.
# (A simple query would end the unnamed statement, so the tenant is set by statements with names.)
for name in s -; do
    six=()
    for ((i = 0; i < 6; i++)); do six+=("bind - $name 5" "execute - 0" sync); done
    [ "$mode" = twin ] || want "$(printf '0,%.0s' {1..6})$(printf '3,%.0s' {1..6})$(printf '0,%.0s' {1..6})" "$(
        wire "parse own SET tenancy.tenant_id = '$own'" "parse other SET tenancy.tenant_id = '$other'" "bind - own" "execute - 0" \
            "parse $name SELECT count(*) FROM $t WHERE amount > \$1::int" "${six[@]}" "bind - other" "execute - 0" "${six[@]}" \
            "bind - own" "execute - 0" "${six[@]}" | tr '\n' ','
    )"
done
