// The name of a tenant's schema, and where it stands in the search path.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string_view>

namespace tenancy::core
{

inline constexpr size_t kSchemaNameSize = 64; // with the final zero

inline constexpr std::string_view kSchemaPrefix = "tenant_";

// The schema of the tenant with this folded id: a pure function of it, so that the search path can be
// made where no table can be read. Ids that would not fit are cut and followed by a hash; such names
// are longer than all others, so the two kinds never meet.
void schema_name(std::string_view key, char name[kSchemaNameSize]) noexcept;

// What compose_search_path() may need, final zero included.
constexpr size_t composed_size(std::string_view path) noexcept
{
    return path.size() + kSchemaNameSize + 5;
}

// Puts the schema into a search path: in place of the template, or else before the first of "$user"
// and public. A path that names none of the three is somebody's who wants exactly that path (say, of
// a SECURITY DEFINER function), and stays as it is. An empty template means there is none. Returns
// the length of what it wrote.
size_t compose_search_path(std::string_view path, std::string_view template_name,
                           std::string_view schema, char *out) noexcept;

} // namespace tenancy::core
