// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace client {

/// The intended start of each of `count` messages, nanoseconds from the start of the window,
/// ascending: constant gaps of 1 / rate, or exponential gaps of that mean (a Poisson process). A
/// function of the seed alone, so that all models of a round meet the same arrivals. The middle
/// third comes at `surge_percent` of the rate. With a `burst`, that many come at once, and
/// the gaps between bursts are as much longer.
[[nodiscard]] std::vector<std::uint64_t> arrivals(std::uint64_t count, double rate_per_s,
                                                  bool poisson, std::uint64_t seed,
                                                  std::uint64_t surge_percent = 100,
                                                  std::uint64_t burst = 1);

} // namespace client
