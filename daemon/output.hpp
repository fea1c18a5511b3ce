// Shows results: an aligned table for people, JSON for machines.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace tenancyd
{

using Json = nlohmann::ordered_json;

// Integers become JSON integers and booleans JSON booleans; numeric stays a string, because a JSON
// reader would make it a double.
Json to_json(const pg::Result &result, int row);
Json to_json(const pg::Result &result);

// One header line, then a line a row; numbers are right-aligned.
void print_table(std::ostream &out, const pg::Result &result);

// One JSON document and a newline.
void print_json(std::ostream &out, const Json &document);

} // namespace tenancyd
