// What the daemon expects of a server.
// SPDX-License-Identifier: PostgreSQL
#include "server.hpp"

#include "version.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;

TEST(Server, MustBePostgres15OrLater)
{
    EXPECT_NO_THROW(check_server_version(150000));
    EXPECT_NO_THROW(check_server_version(180001));
    EXPECT_THROW(check_server_version(140022), Error);
}

TEST(Server, MustHaveTheExtensionInTheDaemonsVersion)
{
    EXPECT_NO_THROW(check_extension_version(std::string(kVersion)));
    try
    {
        check_extension_version("0.0.9");
        ADD_FAILURE();
    }
    catch (const Error &error)
    {
        EXPECT_EQ(error.sqlstate, "55000");
        EXPECT_NE(error.detail.find("0.0.9"), std::string::npos);
        EXPECT_NE(error.hint.find("ALTER EXTENSION tenancy UPDATE"), std::string::npos);
    }
    try
    {
        check_extension_version(std::nullopt);
        ADD_FAILURE();
    }
    catch (const Error &error)
    {
        EXPECT_NE(error.hint.find("init --create-extension"), std::string::npos);
    }
}

} // namespace
