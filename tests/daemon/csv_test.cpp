// CSV: what RFC 4180 allows is read as it stands, what it forbids is a problem with its line.
// SPDX-License-Identifier: PostgreSQL
#include "csv.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd::csv;
using Fields = std::vector<std::string>;

TEST(Csv, ReadsPlainRowsAndTheirLines)
{
    auto document = parse("id,plan\nacme,basic\nglobex,pro\n");
    ASSERT_EQ(document.rows.size(), 3u);
    EXPECT_EQ(document.rows[1].fields, (Fields{"acme", "basic"}));
    EXPECT_EQ(document.rows[1].line, 2u);
    EXPECT_EQ(document.rows[2].line, 3u);
    EXPECT_TRUE(document.problems.empty());
}

TEST(Csv, ReadsQuotesCommasAndDoubledQuotes)
{
    auto document = parse("\"a,b\",\"say \"\"hi\"\"\",\"\"\n");
    ASSERT_EQ(document.rows.size(), 1u);
    EXPECT_EQ(document.rows[0].fields, (Fields{"a,b", "say \"hi\"", ""}));
}

TEST(Csv, CountsLinesInsideQuotedFields)
{
    auto document = parse("id,name\na,\"two\nlines\"\nb,\"three\r\n\r\nlines\"\nc,x\n");
    ASSERT_EQ(document.rows.size(), 4u);
    EXPECT_EQ(document.rows[1].fields[1], "two\nlines");
    EXPECT_EQ(document.rows[1].line, 2u);
    EXPECT_EQ(document.rows[2].fields[1], "three\r\n\r\nlines");
    EXPECT_EQ(document.rows[2].line, 4u);
    EXPECT_EQ(document.rows[3].line, 7u);
}

TEST(Csv, TakesAnyLineEndAndAMissingLastOne)
{
    for (const char *text : {"a,b\nc,d\ne,f", "a,b\r\nc,d\r\ne,f\r\n", "a,b\rc,d\re,f\r"})
    {
        auto document = parse(text);
        ASSERT_EQ(document.rows.size(), 3u) << text;
        EXPECT_EQ(document.rows[2].fields, (Fields{"e", "f"})) << text;
        EXPECT_EQ(document.rows[2].line, 3u) << text;
    }
}

TEST(Csv, SkipsByteOrderMarkAndBlankLines)
{
    auto document = parse("\xEF\xBB\xBF\n\nid\r\n\r\n\nacme\n\n");
    ASSERT_EQ(document.rows.size(), 2u);
    EXPECT_EQ(document.rows[0].fields, Fields{"id"});
    EXPECT_EQ(document.rows[0].line, 3u);
    EXPECT_EQ(document.rows[1].line, 6u);
}

TEST(Csv, KeepsSpacesAndTrailingEmptyFields)
{
    auto document = parse(" a , b,\n");
    ASSERT_EQ(document.rows.size(), 1u);
    EXPECT_EQ(document.rows[0].fields, (Fields{" a ", " b", ""}));
}

TEST(Csv, NamesTheLineOfAStrayQuoteAndGoesOn)
{
    auto document = parse("id,name\na,x\"y\nb,ok\nc,\"q\"z\nd,ok\n");
    ASSERT_EQ(document.problems.size(), 2u);
    EXPECT_EQ(document.problems[0].line, 2u);
    EXPECT_EQ(document.problems[1].line, 4u);
    ASSERT_EQ(document.rows.size(), 3u);
    EXPECT_EQ(document.rows[1].fields[0], "b");
    EXPECT_EQ(document.rows[2].line, 5u);
}

TEST(Csv, NamesTheLineWhereAnOpenQuoteBegan)
{
    auto document = parse("id,name\na,\"never closed\nb,fine\n");
    ASSERT_EQ(document.problems.size(), 1u);
    EXPECT_EQ(document.problems[0].line, 2u);
    EXPECT_NE(document.problems[0].message.find("not closed"), std::string::npos);
    ASSERT_EQ(document.rows.size(), 2u);
    EXPECT_EQ(document.rows[1].fields[0], "b");
    EXPECT_EQ(document.rows[1].line, 3u);
}

TEST(Csv, NamesBothLinesWhenAnOpenQuoteMeetsALaterOne)
{
    auto document = parse("id,name\na,\"open\nb,\"x\"\nc,ok\n");
    ASSERT_FALSE(document.problems.empty());
    EXPECT_EQ(document.problems[0].line, 2u);
    EXPECT_NE(document.problems[0].message.find("line 3"), std::string::npos);
}

TEST(Csv, FindsNothingInAnEmptyText)
{
    EXPECT_TRUE(parse("").rows.empty());
    EXPECT_TRUE(parse("\xEF\xBB\xBF").rows.empty());
    EXPECT_TRUE(parse("\n\r\n").rows.empty());
}

} // namespace
