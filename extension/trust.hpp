// Whom a role may act for: the bindings of roles to tenants.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::trust
{

// The roles a verdict was made for. A session is held to the bindings of all three: the session user's, so that
// SET ROLE is no way out; those of the role that SET ROLE chose, so that a pool can step down into a bound role; and
// the current user's, so that a bound role's SECURITY DEFINER function reaches no other tenant.
struct Roles
{
    Oid session;
    Oid outer;
    Oid current;

    bool operator==(const Roles &other) const = default;
};

[[nodiscard]] Roles present_roles();

// Is any role bound? Where none is, nothing else needs to be asked. Needs a transaction and the extension.
[[nodiscard]] bool is_in_use();

// The role whose bindings keep these from acting for the tenant (a folded id), or InvalidOid. Needs
// a transaction and the extension.
[[nodiscard]] Oid find_objector(const Roles &roles, const char *tenant_key);

} // namespace tenancy::trust
