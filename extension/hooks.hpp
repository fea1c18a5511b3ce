// Every hook and callback of the extension, in one place.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::hooks
{

void init();

} // namespace tenancy::hooks
