// How long to wait before the next try: doubling, capped, with jitter.
// SPDX-License-Identifier: PostgreSQL
#include "backoff.hpp"

#include <algorithm>
#include <random>

namespace tenancyd
{

std::chrono::milliseconds Backoff::delay(int failures, double random) const
{
    auto full = first;
    for (int i = 1; i < failures && full < most; i++)
        full *= 2;
    full = std::min(full, most);
    return std::chrono::milliseconds(static_cast<long long>(full.count() * (0.5 + random / 2)));
}

double random_unit()
{
    thread_local std::mt19937_64 engine(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(engine);
}

} // namespace tenancyd
