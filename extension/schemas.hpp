// A schema for each tenant: which schema is what, and the search path in effect.
// SPDX-License-Identifier: PostgreSQL
//
// Names are resolved before any hook of a statement runs, so the path has to be right as soon as a
// setting changes, also where no catalog can be read: at a rollback, in a connection's first
// statement, in a parallel worker. The setting search_path therefore stays the application's own, with
// all that the server does for a setting, and the path that the server searches is composed of it, of
// the tenant and of the template's name whenever one of them changes.
#pragma once

#include "pg.hpp"

namespace tenancy::schemas
{

// Makes the server's path ours to compose; returns the assign hook that search_path had.
void init(GucStringAssignHook on_assign_search_path);

// The part of the assign hooks of search_path and tenant_id. Cannot fail.
void search_path_changed(const char *value, void *extra);
void tenant_changed();

// Learns what the database says about schemas, if that is not known; needs a transaction.
void prepare();

// Does the database have schemas of tenants at all?
bool is_used();

enum class Kind : uint8 { other, template_schema, tenant };

// What a schema is.
Kind kind_of(Oid schema);

} // namespace tenancy::schemas
