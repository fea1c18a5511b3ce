// Reads members of a JSON object through the server's own parser, without an error for bad JSON.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::json
{

inline constexpr int kMostMembers = 8;

enum class Kind : uint8 { absent, string, number, array, other };

struct Member
{
    const char *name;
    Kind kind = Kind::absent;
    const char *value = ""; // of strings and numbers
};

struct Object
{
    Member members[kMostMembers];
    int count = 0;
    // A string to look for in members that are arrays of strings, and whether one has it.
    const char *wanted_element = nullptr;
    bool has_wanted_element = false;
};

// False when the text is no JSON object in UTF-8, or has one of the members twice (parsers differ in
// which one they take). Memory comes from the current context.
[[nodiscard]] bool read(char *text, int size, Object *object);

} // namespace tenancy::json
