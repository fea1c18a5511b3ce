// Progress: what the line says and when it is shown.
// SPDX-License-Identifier: PostgreSQL
#include "progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace
{

using namespace tenancyd;
using namespace std::chrono_literals;

TEST(ProgressText, ShowsBarCountRateAndTimeLeft)
{
    EXPECT_EQ(progress_text(5000, 10000, 4s),
              "[##########----------]  50%  5,000 of 10,000, 1,250/s, 4 s left");
    EXPECT_EQ(progress_text(1'234'567, 1'234'567, 100s),
              "[####################] 100%  1,234,567 of 1,234,567, 12,346/s");
}

TEST(ProgressText, StandsEdges)
{
    EXPECT_EQ(progress_text(0, 10, 0s), "[--------------------]   0%  0 of 10");
    EXPECT_EQ(progress_text(0, 0, 1s), "[####################] 100%  0 of 0");
    EXPECT_EQ(progress_text(999, 1000, 0s), "[###################-]  99%  999 of 1,000");
}

TEST(Progress, DrawsOverItselfOnATerminal)
{
    std::ostringstream out;
    {
        Progress progress(out, true, 10'000);
        for (size_t done = 1; done <= 10'000; done++)
            progress.update(done);
    }
    const auto text = out.str();
    EXPECT_EQ(text.find("\r["), 0u);
    EXPECT_LT(std::count(text.begin(), text.end(), '\r'), 1000); // not each of them
    EXPECT_NE(text.find("10,000 of 10,000"), std::string::npos);
    EXPECT_EQ(text.back(), '\n');
}

TEST(Progress, SaysNothingAboutAShortRunElsewhere)
{
    std::ostringstream out;
    {
        Progress progress(out, false, 10);
        progress.update(5);
        progress.update(10);
    }
    EXPECT_EQ(out.str(), "");
}

} // namespace
