// SPDX-License-Identifier: MIT
#include "client/load/arrivals.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace {

constexpr std::uint64_t count = 200'000;
constexpr double rate_per_s = 50'000;
constexpr double gap_ns = 1e9 / rate_per_s;

struct moments {
    double mean = 0;
    double variance = 0;
};

moments gaps_of(std::vector<std::uint64_t> const& times) {
    moments of;
    auto const n = static_cast<double>(times.size() - 1);
    of.mean = static_cast<double>(times.back() - times.front()) / n;
    for (std::size_t i = 1; i < times.size(); ++i) {
        auto const off = static_cast<double>(times[i] - times[i - 1]) - of.mean;
        of.variance += off * off / n;
    }
    return of;
}

TEST(arrivals, of_a_constant_rate_are_equally_far_apart) {
    auto const times = client::arrivals(1'000, 1'000, false, 7);
    ASSERT_EQ(times.size(), 1'000u);
    for (std::size_t i = 0; i < times.size(); ++i) {
        ASSERT_EQ(times[i], i * 1'000'000) << i;
    }
}

TEST(arrivals, of_a_rate_that_does_not_divide_a_second_do_not_drift) {
    auto const times = client::arrivals(3'000'001, 3'000'000, false, 7);
    EXPECT_NEAR(static_cast<double>(times.back()), 1e9, 10);
}

TEST(arrivals, of_a_poisson_process_have_exponential_gaps) {
    auto const of = gaps_of(client::arrivals(count, rate_per_s, true, 7));
    // Five standard errors: of the mean 1 / sqrt(n), of the variance sqrt(8 / n). The seed is
    // fixed, so the outcome is, too.
    auto const n = static_cast<double>(count);
    EXPECT_NEAR(of.mean / gap_ns, 1, 5 / std::sqrt(n));
    EXPECT_NEAR(of.variance / (gap_ns * gap_ns), 1, 5 * std::sqrt(8 / n));
}

TEST(arrivals, of_a_poisson_process_have_exponential_tails) {
    auto const times = client::arrivals(count, rate_per_s, true, 7);
    for (auto const gaps : {0.5, 1.0, 3.0}) {
        std::uint64_t longer = 0;
        for (std::size_t i = 1; i < times.size(); ++i) {
            if (static_cast<double>(times[i] - times[i - 1]) > gaps * gap_ns) ++longer;
        }
        EXPECT_NEAR(static_cast<double>(longer) / static_cast<double>(count), std::exp(-gaps),
                    0.006)
            << gaps;
    }
}

TEST(arrivals, of_bursts_come_together_at_the_rate_of_all) {
    auto const times = client::arrivals(1'000, 1'000, false, 7, 100, 50);
    for (std::size_t i = 0; i < times.size(); ++i) {
        ASSERT_EQ(times[i], i / 50 * 50'000'000) << i;
    }
}

TEST(arrivals, ascend) {
    auto const times = client::arrivals(count, rate_per_s, true, 7);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_EQ(times.front(), 0u);
}

TEST(arrivals, are_a_function_of_the_seed) {
    EXPECT_EQ(client::arrivals(1'000, rate_per_s, true, 7),
              client::arrivals(1'000, rate_per_s, true, 7));
    EXPECT_NE(client::arrivals(1'000, rate_per_s, true, 7),
              client::arrivals(1'000, rate_per_s, true, 8));
}

TEST(arrivals, at_another_rate_are_the_same_arrivals_on_another_scale) {
    auto const slow = client::arrivals(1'000, 1'000, true, 7);
    auto const fast = client::arrivals(1'000, 2'000, true, 7);
    for (std::size_t i = 0; i < slow.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(slow[i]), 2 * static_cast<double>(fast[i]), 4) << i;
    }
}

} // namespace
