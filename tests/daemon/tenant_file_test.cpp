// Tenant files: columns in any order, mistakes with their lines, config sent as it was written.
// SPDX-License-Identifier: PostgreSQL
#include "tenant_file.hpp"

#include "error.hpp"
#include "temporary_file.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;

std::string header_error(const std::string &text)
{
    try
    {
        parse_tenants(text);
    }
    catch (const Error &error)
    {
        EXPECT_EQ(error.sqlstate, "22P04");
        EXPECT_FALSE(error.hint.empty());
        return error.what();
    }
    ADD_FAILURE() << "accepted: " << text;
    return "";
}

TEST(TenantFile, TakesColumnsInAnyOrderAndLeavesEmptyOnesOut)
{
    auto file = parse_tenants("plan,id,time_zone\nbasic,acme,\n,globex,Europe/Berlin\n");
    ASSERT_EQ(file.tenants.size(), 2u);
    EXPECT_TRUE(file.bad_rows.empty());
    EXPECT_EQ(file.tenants[0].id, "acme");
    EXPECT_EQ(file.tenants[0].line, 2u);
    EXPECT_EQ(file.tenants[0].json, R"({"id":"acme","plan":"basic"})");
    EXPECT_EQ(file.tenants[1].json, R"({"id":"globex","time_zone":"Europe/Berlin"})");
}

TEST(TenantFile, SendsConfigurationAsWritten)
{
    auto file = parse_tenants("id,config\nacme,\"{\"\"rate\"\": 0.10000000000000000000001}\"\n");
    ASSERT_EQ(file.tenants.size(), 1u);
    EXPECT_EQ(file.tenants[0].json,
              R"({"id":"acme","config":{"rate": 0.10000000000000000000001}})");
}

TEST(TenantFile, RefusesBadHeaders)
{
    EXPECT_EQ(header_error(""), "the file is empty");
    EXPECT_EQ(header_error("\xEF\xBB\xBF\r\n"), "the file is empty");
    EXPECT_EQ(header_error("plan,name\nbasic,x\n"), "line 1: column \"id\" is missing");
    EXPECT_EQ(header_error("\nid,colour\na,red\n"), "line 2: unknown column \"colour\"");
    EXPECT_EQ(header_error("id, plan\na,b\n"), "line 1: unknown column \" plan\"");
    EXPECT_EQ(header_error("id,id\na,b\n"), "line 1: column \"id\" stands twice");
    EXPECT_EQ(header_error("i\"d,plan\na,b\n"), "line 1: a quote stands where none may stand");
}

TEST(TenantFile, AHeaderAloneIsNoTenant)
{
    auto file = parse_tenants("id,plan\n");
    EXPECT_TRUE(file.tenants.empty());
    EXPECT_TRUE(file.bad_rows.empty());
}

TEST(TenantFile, CollectsBadRowsInOrder)
{
    auto file = parse_tenants("id,plan\n"
                              "a,basic,more\n"
                              "b\n"
                              "c,basic\n"
                              "d,x\"y\n"
                              "C,pro\n");
    ASSERT_EQ(file.tenants.size(), 1u);
    ASSERT_EQ(file.bad_rows.size(), 4u);
    EXPECT_EQ(file.bad_rows[0].line, 2u);
    EXPECT_EQ(file.bad_rows[0].message, "the row has 3 fields, the header has 2");
    EXPECT_EQ(file.bad_rows[1].message, "the row has 1 field, the header has 2");
    EXPECT_EQ(file.bad_rows[2].line, 5u);
    EXPECT_EQ(file.bad_rows[3].line, 6u);
    EXPECT_EQ(file.bad_rows[3].message, "tenant \"C\" stands already on line 4");
    EXPECT_EQ(file.bad_rows[3].sqlstate, "42710");
}

TEST(TenantFile, RefusesWhatCannotBeSent)
{
    using namespace std::string_literals;
    auto file = parse_tenants("id,name,config\na,\xFF,\nb,nul\0byte,\nc,ok,{\nd,ok,[1]\n"s);
    ASSERT_EQ(file.bad_rows.size(), 4u);
    EXPECT_EQ(file.bad_rows[0].message, "the row is not valid UTF-8");
    EXPECT_EQ(file.bad_rows[1].message, "name contains a NUL byte");
    EXPECT_EQ(file.bad_rows[2].message, "config is not a JSON object");
    EXPECT_EQ(file.bad_rows[2].sqlstate, "22P02");
    EXPECT_EQ(file.bad_rows[3].message, "config is not a JSON object");
}

TEST(TenantFile, ReadsFilesAndSaysWhichItCannot)
{
    TemporaryFile file("id\nacme\n");
    EXPECT_EQ(read_file(file.path()), "id\nacme\n");
    for (const std::string path : {"/nonexistent/tenants.csv", "/"})
    {
        try
        {
            read_file(path);
            ADD_FAILURE() << path;
        }
        catch (const Error &error)
        {
            EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
        }
    }
}

} // namespace
