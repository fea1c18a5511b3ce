// Tokens: how they are cut and decoded, when they are good, and what a setting of an application may be called.
// SPDX-License-Identifier: PostgreSQL
#include "core/token.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

using namespace tenancy::core;

TEST(Token, IsCutByItsDots)
{
    const TokenParts jwt = split_token("hh.pp.ss");
    EXPECT_EQ(jwt.form, TokenForm::jwt);
    EXPECT_EQ(jwt.signed_text, "hh.pp");
    EXPECT_EQ(jwt.header, "hh");
    EXPECT_EQ(jwt.payload, "pp");
    EXPECT_EQ(jwt.signature, "ss");
    const TokenParts compact = split_token("v1.k.t.1.2.3.d.r.j.s");
    EXPECT_EQ(compact.form, TokenForm::compact);
    EXPECT_EQ(compact.signed_text, "v1.k.t.1.2.3.d.r.j");
    EXPECT_EQ(compact.fields[kKeyIdField], "k");
    EXPECT_EQ(compact.fields[kTenantField], "t");
    EXPECT_EQ(compact.fields[kIssuedField], "1");
    EXPECT_EQ(compact.fields[kExpiresField], "2");
    EXPECT_EQ(compact.fields[kNotBeforeField], "3");
    EXPECT_EQ(compact.fields[kDatabaseField], "d");
    EXPECT_EQ(compact.fields[kRoleField], "r");
    EXPECT_EQ(compact.fields[kTokenIdField], "j");
    EXPECT_EQ(compact.signature, "s");
    EXPECT_EQ(split_token("v1.........").form, TokenForm::compact);
    EXPECT_EQ(split_token("..").form, TokenForm::jwt);
}

TEST(Token, HasNoOtherForm)
{
    for (const char *text :
         {"", "x", "a.b", "a.b.c.d", "v2.k.t.1.2.3.d.r.j.s", "V1.k.t.1.2.3.d.r.j.s",
          "v1.k.t.1.2.3.d.r.j.s.x", "v1.k.t.1.2.3.d.r.s"})
        EXPECT_EQ(split_token(text).form, TokenForm::none) << text;
    EXPECT_EQ(split_token(std::string(8192, '.')).form, TokenForm::none);
}

TEST(Token, DecodesBase64UrlInOneSpellingOnly)
{
    unsigned char bytes[64];
    ASSERT_EQ(decode_base64url("_-8AYQ", bytes, sizeof(bytes)), 4);
    EXPECT_EQ(bytes[0], 0xff);
    EXPECT_EQ(bytes[1], 0xef);
    EXPECT_EQ(bytes[2], 0x00);
    EXPECT_EQ(bytes[3], 'a');
    EXPECT_EQ(decode_base64url("", bytes, sizeof(bytes)), 0);
    EXPECT_EQ(decode_base64url("QQ", bytes, sizeof(bytes)), 1);
    // Padding, foreign characters, an impossible length, and bits that are left over.
    for (const char *text : {"QQ==", "QQ=", "Q", "QUJDR", "Q+", "Q/", "Q Q", "Q\nQ", "QR", "QUK"})
        EXPECT_EQ(decode_base64url(text, bytes, sizeof(bytes)), -1) << text;
    EXPECT_EQ(decode_base64url(std::string_view("Q\0", 2), bytes, sizeof(bytes)), -1);
    EXPECT_EQ(decode_base64url(std::string(400, 'A'), bytes, sizeof(bytes)), -1);
}

TEST(Token, ReadsDates)
{
    int64_t seconds = -1;
    EXPECT_TRUE(parse_numeric_date("0", &seconds));
    EXPECT_EQ(seconds, 0);
    EXPECT_TRUE(parse_numeric_date("1893459600.999", &seconds));
    EXPECT_EQ(seconds, 1893459600);
    EXPECT_TRUE(parse_numeric_date("253402300799", &seconds));
    for (const char *text : {"", "-1", "+1", "1.", ".5", "1e9", "1.5e3", "1 ", " 1", "0x1",
                             "253402300800", "99999999999999999999999999", "1.2.3"})
        EXPECT_FALSE(parse_numeric_date(text, &seconds)) << text;
}

TEST(Token, IsGoodBetweenItsDatesAndTheLeeway)
{
    EXPECT_EQ(check_window(100, 200, 150, 0), Window::open);
    EXPECT_EQ(check_window(100, 200, 199, 0), Window::open);
    EXPECT_EQ(check_window(100, 200, 200, 0), Window::expired);
    EXPECT_EQ(check_window(100, 200, 99, 0), Window::not_yet);
    EXPECT_EQ(check_window(100, 200, 209, 10), Window::open);
    EXPECT_EQ(check_window(100, 200, 210, 10), Window::expired);
    EXPECT_EQ(check_window(100, 200, 90, 10), Window::open);
    EXPECT_EQ(check_window(100, 200, 89, 10), Window::not_yet);
    EXPECT_EQ(check_window(INT64_MIN / 2, 200, 0, 10), Window::open);
    // Never both: what ends before it begins has ended.
    EXPECT_EQ(check_window(300, 200, 250, 0), Window::expired);
}

TEST(Token, HasAKeyIdOfPrintableAscii)
{
    EXPECT_TRUE(is_key_id("2026-a.b/c:d=="));
    EXPECT_TRUE(is_key_id(std::string(128, 'k')));
    EXPECT_FALSE(is_key_id(std::string(129, 'k')));
    for (const char *id : {"", "a b", "a\n", "caf\xc3\xa9", "\x7f"})
        EXPECT_FALSE(is_key_id(id)) << id;
    EXPECT_FALSE(is_key_id(std::string_view("a\0b", 3)));
}

TEST(SettingName, IsOfTwoOrMoreWordsThatAreNotOurs)
{
    for (const char *name :
         {"app.tenant_id", "app.current.tenant", "_a._b", "request.jwt$1", "tenancyx.id"})
        EXPECT_TRUE(is_custom_setting_name(name)) << name;
    EXPECT_TRUE(is_custom_setting_name("a." + std::string(61, 'x')));
    EXPECT_FALSE(is_custom_setting_name("a." + std::string(62, 'x')));
    for (const char *name : {"", ".", "a", "a.", ".a", "a..b", "1.a", "a.1", "a b.c", "a.b;",
                             "tenancy.x", "Tenancy.x", "tenancy.", "caf\xc3\xa9.a"})
        EXPECT_FALSE(is_custom_setting_name(name)) << name;
}
