// Shows how far a long command is: a bar on a terminal, now and then a line elsewhere.
// SPDX-License-Identifier: PostgreSQL
#include "progress.hpp"

#include <cmath>

namespace tenancyd
{

namespace
{

using namespace std::chrono_literals;

std::string grouped(size_t number)
{
    std::string text = std::to_string(number);
    for (size_t at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

} // namespace

std::string progress_text(size_t done, size_t total, std::chrono::duration<double> elapsed)
{
    constexpr size_t kBar = 20;
    const size_t filled = total ? done * kBar / total : kBar;
    const std::string percent = std::to_string(total ? done * 100 / total : 100);
    std::string text = "[" + std::string(filled, '#') + std::string(kBar - filled, '-') + "] " +
                       std::string(3 - percent.size(), ' ') + percent + "%  " + grouped(done) +
                       " of " + grouped(total);
    if (done && elapsed.count() > 0)
    {
        const double rate = done / elapsed.count();
        text += ", " + grouped(std::llround(rate)) + "/s";
        if (done < total)
            text += ", " + grouped(std::llround((total - done) / rate)) + " s left";
    }
    return text;
}

Progress::Progress(std::ostream &out, bool is_terminal, size_t total)
    : out_(out), is_terminal_(is_terminal), total_(total), start_(Clock::now()),
      next_(start_ + (is_terminal ? 0s : 5s))
{}

Progress::~Progress()
{
    if (is_terminal_ && drawn_)
        out_ << std::endl;
}

void Progress::update(size_t done)
{
    const auto now = Clock::now();
    // A short run needs no lines; one that showed some also shows its end.
    if (now < next_ && !(drawn_ && done == total_))
        return;
    next_ = now + (is_terminal_ ? std::chrono::milliseconds(100) : 5s);
    const auto text = progress_text(done, total_, now - start_);
    if (is_terminal_)
        out_ << "\r" << text << "\x1b[K" << std::flush;
    else
        out_ << text << std::endl;
    drawn_ = true;
}

} // namespace tenancyd
