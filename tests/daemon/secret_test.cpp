// Passwords: never in a text that leaves the program, never in a file others can read.
// SPDX-License-Identifier: PostgreSQL
#include "secret.hpp"

#include "conninfo.hpp"
#include "error.hpp"
#include "temporary_file.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;

TEST(Redact, RemovesRememberedSecretsEverywhere)
{
    remember_secret("hunter2");
    remember_secret("hunter2hunter2");
    EXPECT_EQ(redact("hunter2 and xhunter2x"), "*** and x***x");
    EXPECT_EQ(redact("hunter2hunter2"), "***");
    remember_secret("");
    EXPECT_EQ(redact("plain"), "plain");
}

TEST(Redact, RemovesWhatLooksLikeAPassword)
{
    EXPECT_EQ(redact("host=h password=abc user=u"), "host=h password=*** user=u");
    EXPECT_EQ(redact("PASSWORD = 'a b\\' c' user=u"), "PASSWORD = *** user=u");
    EXPECT_EQ(redact("sslpassword=abc"), "sslpassword=***");
    EXPECT_EQ(redact("postgresql://u:abc@h:5432/db"), "postgresql://u:***@h:5432/db");
    EXPECT_EQ(redact("postgres://u:a@b@h/db and postgres://v:c@h"),
              "postgres://u:***@h/db and postgres://v:***@h");
    EXPECT_EQ(redact("postgresql://h/db?user=u&password=abc&x=1"),
              "postgresql://h/db?user=u&password=***&x=1");
    EXPECT_EQ(redact("password='never closed"), "password=***");
}

TEST(Redact, LeavesOtherTextAlone)
{
    for (const char *text :
         {"password authentication failed for user \"u\"", "http://127.0.0.1:8432/metrics",
          "postgresql://u@h/db", "password", "password=", "mail a@b c:d"})
        EXPECT_EQ(redact(text), text);
}

TEST(Conninfo, FindsPasswordsInEveryForm)
{
    EXPECT_TRUE(has_password(parse_conninfo("host=h password=x")));
    EXPECT_TRUE(has_password(parse_conninfo("password = 'x y'")));
    EXPECT_TRUE(has_password(parse_conninfo("postgresql://u:x@h/db")));
    EXPECT_TRUE(has_password(parse_conninfo("postgres://h/db?password=x")));
    EXPECT_TRUE(has_password(parse_conninfo("sslpassword=x")));
    EXPECT_FALSE(has_password(parse_conninfo("host=h user=u")));
    EXPECT_FALSE(has_password(parse_conninfo("postgresql://u@h/db")));
    EXPECT_FALSE(has_password(parse_conninfo("passfile=/etc/pgpass")));
    EXPECT_FALSE(has_password(parse_conninfo("")));
}

TEST(Conninfo, ABareWordIsADatabase)
{
    EXPECT_EQ(parse_conninfo("app"), (ConnectionParameters{{"dbname", "app"}}));
}

TEST(Conninfo, DoesNotQuoteABrokenString)
{
    for (const char *dsn : {"host=h password 'geheim", "postgresql://u:geheim@[h/db", "geheim=1"})
    {
        try
        {
            parse_conninfo(dsn);
            ADD_FAILURE() << dsn;
        }
        catch (const UsageError &error)
        {
            EXPECT_EQ(error_text(error).find("geheim"), std::string::npos);
        }
    }
}

TEST(Conninfo, AddsWhatTheDaemonInsistsOn)
{
    auto parameters =
        complete_parameters({{"options", "-c role=x"}, {"connect_timeout", "3"}}, "pw-of-file");
    EXPECT_EQ(parameters["application_name"], "tenancyd");
    EXPECT_EQ(parameters["options"].find("-c role=x -c search_path=pg_catalog "), 0u);
    EXPECT_EQ(parameters["connect_timeout"], "3");
    EXPECT_EQ(parameters["password"], "pw-of-file");
    EXPECT_EQ(redact("pw-of-file"), "***");
}

TEST(PasswordFile, GivesItsFirstLine)
{
    TemporaryFile file("s3cret-line\r\nmore\n");
    EXPECT_EQ(read_password_file(file.path()), "s3cret-line");
    EXPECT_EQ(redact("s3cret-line"), "***");
}

TEST(PasswordFile, MustBePrivate)
{
    TemporaryFile open_file("x", 0644);
    EXPECT_THROW(read_password_file(open_file.path()), UsageError);
    TemporaryFile group_writable("x", 0660);
    EXPECT_THROW(read_password_file(group_writable.path()), UsageError);
    EXPECT_THROW(read_password_file("/nonexistent/password"), Error);
}

TEST(ErrorText, ShowsTheParts)
{
    Error error("it failed", "55000", "Some detail.", "Some hint.");
    EXPECT_EQ(error_text(error),
              "error: it failed\nDETAIL:  Some detail.\nHINT:  Some hint.\nSQLSTATE:  55000");
    EXPECT_EQ(error_line(error),
              "it failed | DETAIL: Some detail. | HINT: Some hint. | SQLSTATE: 55000");
    EXPECT_EQ(error_json(error)["error"]["sqlstate"], "55000");
    EXPECT_EQ(error_text(std::runtime_error("plain")), "error: plain");
}

TEST(ErrorText, KeepsLogLinesOnOneLineAndSecretsOut)
{
    remember_secret("tops3cret");
    Error error("a\nb", "", "user tops3cret", "");
    EXPECT_EQ(error_line(error), "a b | DETAIL: user ***");
    EXPECT_EQ(error_text(error), "error: a\nb\nDETAIL:  user ***");
    EXPECT_EQ(error_json(error)["error"]["detail"], "user ***");
}

} // namespace
