// Of the registry, the shared structures need the size of a name.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "core/tenant_id.hpp"

namespace tenancy::registry
{
inline constexpr size_t kNameSize = core::kMaxTenantIdLength + 1;
}
