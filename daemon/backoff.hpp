// How long to wait before the next try: doubling, capped, with jitter.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>

namespace tenancyd
{

struct Backoff
{
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds most{30'000};

    // failures counts from 1; random is in [0, 1). The delay lies between half and all of min(most,
    // first * 2^(failures-1)).
    std::chrono::milliseconds delay(int failures, double random) const;
};

// Uniform in [0, 1).
double random_unit();

} // namespace tenancyd
