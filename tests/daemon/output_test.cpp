// Results as tables and as JSON: exact numbers, nulls, alignment.
// SPDX-License-Identifier: PostgreSQL
#include "output.hpp"

#include "billing.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace
{

using namespace tenancyd;

struct Column
{
    std::string name;
    Oid type;
};

constexpr Oid kBool = 16, kBigint = 20, kText = 25, kNumeric = 1700, kJsonb = 3802;

pg::Result make_result(std::vector<Column> columns, const std::vector<std::vector<pg::Value>> &rows)
{
    PGresult *result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
    std::vector<PGresAttDesc> attributes;
    for (auto &column : columns)
        attributes.push_back({column.name.data(), 0, 0, 0, column.type, -1, -1});
    PQsetResultAttrs(result, static_cast<int>(attributes.size()), attributes.data());
    for (size_t row = 0; row < rows.size(); row++)
        for (size_t i = 0; i < columns.size(); i++)
        {
            auto value = rows[row][i];
            PQsetvalue(result, static_cast<int>(row), static_cast<int>(i),
                       value ? value->data() : nullptr,
                       value ? static_cast<int>(value->size()) : -1);
        }
    return pg::Result(result);
}

TEST(Output, KeepsNumbersExactInJson)
{
    auto result = make_result(
        {{"id", kText}, {"n", kBigint}, {"total", kNumeric}, {"done", kBool}, {"extra", kJsonb}},
        {{"acme", "9223372036854775807", "0.100000000000000000001", "t", "{\"a\": 1}"},
         {"b", "-1", std::nullopt, "f", std::nullopt}});
    EXPECT_EQ(to_json(result).dump(),
              R"([{"id":"acme","n":9223372036854775807,"total":"0.100000000000000000001",)"
              R"("done":true,"extra":{"a":1}},)"
              R"({"id":"b","n":-1,"total":null,"done":false,"extra":null}])");
}

TEST(Output, AlignsTables)
{
    auto result = make_result({{"id", kText}, {"total", kNumeric}, {"new", kBool}, {"note", kText}},
                              {{"acme", "12.50", "t", ""}, {"zoë", "3", "f", std::nullopt}});
    std::ostringstream out;
    print_table(out, result);
    EXPECT_EQ(out.str(), "id    total  new  note\n"
                         "acme  12.50  yes  \n"
                         "zoë       3  no   \n");
}

TEST(Output, ReplacesWhatIsNotUtf8)
{
    std::ostringstream out;
    print_json(out, {{"message", "\xFF"}});
    EXPECT_EQ(out.str(), "{\n  \"message\": \"\xEF\xBF\xBD\"\n}\n");
}

TEST(Result, AMissingColumnIsAnErrorWithAHint)
{
    auto result = make_result({{"id", kText}}, {{"acme"}});
    EXPECT_EQ(result.text(0, "id"), "acme");
    try
    {
        result.text(0, "colour");
        ADD_FAILURE();
    }
    catch (const Error &error)
    {
        EXPECT_EQ(error.sqlstate, "42703");
        EXPECT_NE(error.hint.find("init"), std::string::npos);
    }
}

TEST(InvoiceRun, SaysHowItWentByExitCode)
{
    auto run = [](int rows, int failed) {
        std::vector<std::vector<pg::Value>> values(rows, {"acme"});
        return exit_code(InvoiceRun{make_result({{"tenant_id", kText}}, values), 0, failed});
    };
    EXPECT_EQ(run(0, 0), kOk);
    EXPECT_EQ(run(2, 0), kOk);
    EXPECT_EQ(run(2, 1), kPartial);
    EXPECT_EQ(run(2, 2), kFailure);
}

} // namespace
