// Onboarding's reports: exit codes, what people see and what machines get.
// SPDX-License-Identifier: PostgreSQL
#include "onboarding.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace
{

using namespace tenancyd;

const Onboarded kCreated{2, "acme", "created", "", "", ""};
const Onboarded kUnchanged{3, "globex", "unchanged", "", "", ""};
const Onboarded kFailed{4, "b d", "failed", "22023", "invalid tenant id", "Choose another."};

TEST(OnboardReport, SaysHowItWentByExitCode)
{
    EXPECT_EQ(exit_code({false, {}}), kOk);
    EXPECT_EQ(exit_code({false, {kCreated, kUnchanged}}), kOk);
    EXPECT_EQ(exit_code({false, {kCreated, kFailed}}), kPartial);
    EXPECT_EQ(exit_code({false, {kFailed}}), kFailure);
    EXPECT_EQ(exit_code({true, {kCreated, kFailed}}), kFailure);
}

TEST(OnboardReport, IsReadable)
{
    std::ostringstream out, problems;
    print_report(out, problems, {false, {kCreated, kUnchanged, kFailed}});
    EXPECT_EQ(out.str(), "created acme\nunchanged globex\n1 created, 1 unchanged, 1 failed\n");
    EXPECT_EQ(problems.str(), "line 4: invalid tenant id (22023)\n    Choose another.\n");
}

TEST(OnboardReport, StaysShortForManyTenants)
{
    std::ostringstream out, problems;
    print_report(out, problems, {true, std::vector<Onboarded>(1000, kCreated)});
    EXPECT_EQ(out.str(), "dry run, nothing kept: 1000 created, 0 unchanged, 0 failed\n");
    OnboardReport bad{false, std::vector<Onboarded>(1000, kFailed)};
    print_report(out, problems, bad);
    EXPECT_NE(problems.str().find("and 980 more"), std::string::npos);
}

TEST(OnboardReport, HasEverythingInJson)
{
    auto json = to_json(OnboardReport{false, {kCreated, kFailed}});
    EXPECT_EQ(json.dump(), R"({"dry_run":false,"created":1,"unchanged":0,"failed":1,"tenants":[)"
                           R"({"line":2,"id":"acme","result":"created"},)"
                           R"({"line":4,"id":"b d","result":"failed","sqlstate":"22023",)"
                           R"("message":"invalid tenant id","hint":"Choose another."}]})");
}

TEST(Refuse, NamesEveryLine)
{
    try
    {
        refuse({kFailed, kFailed});
    }
    catch (const Error &error)
    {
        EXPECT_STREQ(error.what(), "2 rows are not valid, nothing was onboarded");
        EXPECT_EQ(error.sqlstate, "22023");
        EXPECT_NE(error.detail.find("line 4: invalid tenant id"), std::string::npos);
        EXPECT_NE(error.hint.find("--keep-going"), std::string::npos);
        EXPECT_EQ(error_json(error)["error"]["rows"].size(), 2u);
    }
}

} // namespace
