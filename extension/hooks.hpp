// Every hook and callback of the extension, in one place.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "guc.hpp"

namespace tenancy::hooks
{

// The hooks of settings, for guc.
const guc::Hooks &of_settings();

void init();

} // namespace tenancy::hooks
