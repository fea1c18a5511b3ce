// For tests: lets the program die, as by kill -9, at a chosen point of its work with the database.
// SPDX-License-Identifier: PostgreSQL
#include "crash_point.hpp"

#include <atomic>
#include <cstdlib>

#include <signal.h>
#include <unistd.h>

namespace tenancyd
{

void crash_point()
{
    static const char *const wanted = std::getenv("TENANCYD_TEST_CRASH_AT");
    static const long last = wanted ? std::atol(wanted) : 0;
    static std::atomic<long> passed = 0;
    if (last && ++passed == last)
        kill(getpid(), SIGKILL);
}

} // namespace tenancyd
