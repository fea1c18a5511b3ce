// Shows how far a long command is: a bar on a terminal, now and then a line elsewhere.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <ostream>
#include <string>

namespace tenancyd
{

// "[##########----------]  50%  5,000 of 10,000, 1,250/s, 4 s left"
std::string progress_text(size_t done, size_t total, std::chrono::duration<double> elapsed);

class Progress
{
public:
    Progress(std::ostream &out, bool is_terminal, size_t total);
    ~Progress(); // leaves the cursor on a fresh line

    void update(size_t done);

private:
    using Clock = std::chrono::steady_clock;

    std::ostream &out_;
    const bool is_terminal_;
    const size_t total_;
    const Clock::time_point start_;
    Clock::time_point next_;
    bool drawn_ = false;
};

} // namespace tenancyd
