// Whose statements a thread runs.
// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace tenancy::context
{
inline thread_local const char *tenant = "";
inline const char *key()
{
    return tenant;
}
inline const char *name()
{
    return tenant;
}
} // namespace tenancy::context
