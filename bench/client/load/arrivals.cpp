// SPDX-License-Identifier: MIT
#include "client/load/arrivals.hpp"

#include "kernel/random.hpp"

#include <cmath>

namespace client {

std::vector<std::uint64_t> arrivals(std::uint64_t count, double rate_per_s, bool poisson,
                                    std::uint64_t seed, std::uint64_t surge_percent,
                                    std::uint64_t burst) {
    std::vector<std::uint64_t> times;
    times.reserve(count);
    auto const usual_gap_ns = 1e9 / rate_per_s * static_cast<double>(burst);
    auto const surge_gap_ns = usual_gap_ns * 100 / static_cast<double>(surge_percent);
    auto const third = count / 3;
    double at_ns = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        times.push_back(static_cast<std::uint64_t>(at_ns));
        if ((i + 1) % burst != 0) continue;
        auto const gap_ns = i >= third && i < 2 * third ? surge_gap_ns : usual_gap_ns;
        // Not std::exponential_distribution: its draws differ between standard libraries. 53 bits,
        // never 0, so that the logarithm is finite.
        auto const uniform =
            (static_cast<double>(kernel::mix(seed ^ kernel::mix(i)) >> 11) + 1) * 0x1p-53;
        at_ns += poisson ? -std::log(uniform) * gap_ns : gap_ns;
    }
    return times;
}

} // namespace client
