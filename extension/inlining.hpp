// Whether a function's statement may become part of the query that calls the function.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::inlining
{

enum class Body {
    harmless, // or it cannot be inlined at all
    past_wall,
    unknown
};

// What the server would put in the function's place. It is rewritten then, but does not come to the
// planner hook: a view in it reads with its owner's rights, whoever calls the function.
Body look_into(Oid function);

} // namespace tenancy::inlining
