// Shows results: an aligned table for people, JSON for machines.
// SPDX-License-Identifier: PostgreSQL
#include "output.hpp"

#include <algorithm>

namespace tenancyd
{

namespace
{

// From the server's pg_type_d.h, which the client packages do not install; built-in types never
// change.
enum TypeId : Oid {
    kBool = 16,
    kInt8 = 20,
    kInt2 = 21,
    kInt4 = 23,
    kJson = 114,
    kNumeric = 1700,
    kJsonb = 3802
};

bool is_integer(Oid type)
{
    return type == kInt2 || type == kInt4 || type == kInt8;
}

bool is_number(Oid type)
{
    return is_integer(type) || type == kNumeric;
}

Json json_value(const pg::Result &result, int row, int column)
{
    if (result.is_null(row, column))
        return nullptr;
    const std::string text = result.text(row, column);
    const Oid type = result.type(column);
    if (type == kBool)
        return text == "t";
    if (is_integer(type))
        return std::stoll(text);
    if (type == kJson || type == kJsonb)
        return Json::parse(text);
    return text;
}

std::string cell(const pg::Result &result, int row, int column)
{
    std::string text = result.text(row, column);
    if (result.type(column) == kBool && !text.empty())
        return text == "t" ? "yes" : "no";
    return text;
}

// Characters, not bytes, so that names in UTF-8 line up.
size_t width(const std::string &text)
{
    return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

} // namespace

Json to_json(const pg::Result &result, int row)
{
    Json object = Json::object();
    for (int column = 0; column < result.columns(); column++)
        object[result.name(column)] = json_value(result, row, column);
    return object;
}

Json to_json(const pg::Result &result)
{
    Json rows = Json::array();
    for (int row = 0; row < result.rows(); row++)
        rows.push_back(to_json(result, row));
    return rows;
}

void print_table(std::ostream &out, const pg::Result &result)
{
    const int columns = result.columns(), rows = result.rows();
    std::vector<size_t> widths(columns);
    for (int column = 0; column < columns; column++)
    {
        widths[column] = width(result.name(column));
        for (int row = 0; row < rows; row++)
            widths[column] = std::max(widths[column], width(cell(result, row, column)));
    }
    auto print = [&](int column, const std::string &text) {
        const std::string padding(widths[column] - width(text), ' ');
        const bool last = column + 1 == columns;
        if (is_number(result.type(column)))
            out << padding << text;
        else
            out << text << (last ? "" : padding);
        out << (last ? "\n" : "  ");
    };
    for (int column = 0; column < columns; column++)
        print(column, result.name(column));
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            print(column, cell(result, row, column));
}

void print_json(std::ostream &out, const Json &document)
{
    // Bytes that are not UTF-8 (a server's message in another encoding) must not make the report
    // fail.
    out << document.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
}

} // namespace tenancyd
