// Tests of the names of tenants' schemas, and of their place in the search path.
// SPDX-License-Identifier: PostgreSQL
#include "core/search_path.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace
{

std::string name_of(const std::string &key)
{
    char name[tenancy::core::kSchemaNameSize];
    tenancy::core::schema_name(key, name);
    return name;
}

std::string compose(const std::string &path, const std::string &template_name)
{
    std::string out(tenancy::core::composed_size(path), '#');
    const size_t length =
        tenancy::core::compose_search_path(path, template_name, "tenant_a", out.data());
    EXPECT_LT(length, out.size());
    EXPECT_EQ(out[length], '\0');
    out.resize(length);
    return out;
}

TEST(SchemaName, IsTheIdAsLongAsItFits)
{
    EXPECT_EQ(name_of("acme"), "tenant_acme");
    EXPECT_EQ(name_of("a.b:c@d+e~f-g_h"), "tenant_a.b:c@d+e~f-g_h");
    EXPECT_EQ(name_of(std::string(55, 'x')), "tenant_" + std::string(55, 'x'));
}

TEST(SchemaName, OfALongIdIsCutAndHashed)
{
    const std::string name = name_of(std::string(56, 'x'));
    EXPECT_EQ(name.size(), 63U);
    EXPECT_EQ(name, "tenant_xxxxxxxxxxxxxxxxxxxxxxx_" + name.substr(31));
}

TEST(SchemaName, IsNeverThatOfAnotherTenant)
{
    std::set<std::string> names;
    size_t made = 0;
    for (size_t length = 50; length <= 63; length++)
        for (char last = 'a'; last <= 'z'; last++, made++)
            names.insert(name_of(std::string(length - 1, 'x') + last));
    // An id that looks like the cut and hashed one.
    names.insert(name_of(name_of(std::string(63, 'x')).substr(7)));
    EXPECT_EQ(names.size(), made + 1);
}

TEST(SearchPath, TakesTheTemplatesPlace)
{
    EXPECT_EQ(compose("app", "app"), "\"tenant_a\"");
    EXPECT_EQ(compose("util, app, public", "app"), "util, \"tenant_a\", public");
    EXPECT_EQ(compose("APP , \"$user\"", "app"), "\"tenant_a\", \"$user\"");
    EXPECT_EQ(compose("app, x, app", "app"), "\"tenant_a\", x");
    EXPECT_EQ(compose("\"My \"\"App\"\"\", public", "My \"App\""), "\"tenant_a\", public");
}

TEST(SearchPath, StandsBeforeTheUsersOwnWhereThereIsNoTemplate)
{
    EXPECT_EQ(compose("\"$user\", public", ""), "\"tenant_a\", \"$user\", public");
    EXPECT_EQ(compose("\"$user\",public", "app"), "\"tenant_a\", \"$user\", public");
    EXPECT_EQ(compose("public", "app"), "\"tenant_a\", public");
    EXPECT_EQ(compose("util, public", "app"), "util, \"tenant_a\", public");
}

TEST(SearchPath, StaysOutOfAPinnedPath)
{
    EXPECT_EQ(compose("", "app"), "");
    EXPECT_EQ(compose("pg_catalog, pg_temp", "app"), "pg_catalog, pg_temp");
    EXPECT_EQ(compose("\"APP\"", "app"), "\"APP\"");
    EXPECT_EQ(compose("\"\"", "app"), "\"\"");
}

} // namespace
