// The version of this build; tenancy.control is the only place where it is written.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string_view>

namespace tenancyd
{

inline constexpr std::string_view kVersion = TENANCY_VERSION;

}
