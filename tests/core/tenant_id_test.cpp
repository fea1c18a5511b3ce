// Tenant ids: which are allowed, how they fold, and which count as numbers and uuids.
// SPDX-License-Identifier: PostgreSQL
#include "core/tenant_id.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

using namespace tenancy::core;

namespace
{
// The check gives the same key as folding does.
IdFault fault_of(std::string_view id)
{
    char key[kMaxTenantIdLength + 1]{}, folded[kMaxTenantIdLength + 1]{};
    const IdFault fault = check_tenant_id(id, key);
    if (fault == IdFault::none)
    {
        fold_tenant_id(id, folded);
        EXPECT_STREQ(key, folded);
    }
    return fault;
}
} // namespace

TEST(TenantId, AcceptsSlugsNumbersUuidsAndAddresses)
{
    for (const char *id :
         {"a", "acme", "ACME-Corp", "42", "0", "x_1.y~z", "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
          "team+dev@lists.example.org", "urn:org:7"})
        EXPECT_EQ(fault_of(id), IdFault::none) << id;
}

TEST(TenantId, HasOneTo63Bytes)
{
    EXPECT_EQ(fault_of(""), IdFault::empty);
    EXPECT_EQ(fault_of(std::string(63, 'a')), IdFault::none);
    EXPECT_EQ(fault_of(std::string(64, 'a')), IdFault::too_long);
}

TEST(TenantId, RefusesQuotesControlCharactersWildcardsAndForeignBytes)
{
    for (const char *id : {"a'b", "a\"b", "a\\b", "a b", "a\nb", "a\x01", "a%", "a/b", "a;b", "a$b",
                           "a\x7f", "caf\xc3\xa9", "a,b", "a*"})
        EXPECT_EQ(fault_of(id), IdFault::character) << id;
    EXPECT_EQ(fault_of(std::string_view("a\0b", 3)), IdFault::character);
    for (const char *id : {"-a", ".a", "_a", "@a", "~", ":1", "+1"})
        EXPECT_EQ(fault_of(id), IdFault::first_character) << id;
}

TEST(TenantId, FoldsAsciiCaseOnly)
{
    char key[kMaxTenantIdLength + 1];
    fold_tenant_id("AcMe-Z@X", key);
    EXPECT_STREQ(key, "acme-z@x");
    fold_tenant_id("", key);
    EXPECT_STREQ(key, "");
}

TEST(TenantId, CountsOnlyCanonicalNumbers)
{
    int64_t value = -1;
    EXPECT_TRUE(parse_number("0", &value));
    EXPECT_EQ(value, 0);
    EXPECT_TRUE(parse_number("9223372036854775807", &value));
    EXPECT_EQ(value, INT64_MAX);
    for (const char *id : {"", "007", "00", "-1", "+1", "1 ", " 1", "1.0", "0x1", "1e3",
                           "9223372036854775808", "99999999999999999999999"})
        EXPECT_FALSE(parse_number(id, &value)) << id;
}

TEST(TenantId, CountsOnlyCanonicalUuids)
{
    std::array<unsigned char, 16> bytes{}, upper{};
    EXPECT_TRUE(parse_uuid("3f2504e0-4f89-41d3-9a0c-0305e82c3301", bytes.data()));
    EXPECT_EQ(bytes[0], 0x3f);
    EXPECT_EQ(bytes[15], 0x01);
    EXPECT_TRUE(parse_uuid("3F2504E0-4F89-41D3-9A0C-0305E82C3301", upper.data()));
    EXPECT_EQ(bytes, upper);
    for (const char *id :
         {"3f2504e04f8941d39a0c0305e82c3301", "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}",
          "3f2504e0-4f89-41d3-9a0c-0305e82c330", "3f2504e0-4f89-41d3-9a0c-0305e82c330g",
          "3f2504e0-4f89-41d39-a0c-0305e82c3301", ""})
        EXPECT_FALSE(parse_uuid(id, bytes.data())) << id;
}
