// The settings of the shared structures.
// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace tenancy::guc
{
inline int max_quota_entries = 40;
inline int max_tracked_tenants = 40;
} // namespace tenancy::guc
