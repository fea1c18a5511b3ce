// Reads CSV (RFC 4180, strictly; libcsv parses) and knows the line of everything.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenancyd::csv
{

struct Row
{
    size_t line; // where the row begins; the first line of a file is 1
    std::vector<std::string> fields;
};

struct Problem
{
    size_t line;
    std::string message;
};

struct Document
{
    std::vector<Row> rows;         // without blank lines
    std::vector<Problem> problems; // reading goes on after the line where a broken row begins
};

// A leading byte-order mark is skipped. Spaces belong to the fields.
Document parse(std::string_view text);

} // namespace tenancyd::csv
