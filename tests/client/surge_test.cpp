// SPDX-License-Identifier: MIT
// What is made of a surge, on a queue whose answer is known: constant arrivals and service times.

#include "client/load/arrivals.hpp"
#include "client/surge.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace {

constexpr std::uint64_t service_ns = 10'000; // 100,000 a second
constexpr std::uint64_t third = 12'000;

client::load half_of_capacity(std::uint64_t surge_percent) {
    client::load asked;
    asked.messages = 3 * third;
    asked.rate_per_s = 50'000;
    asked.surge_percent = surge_percent;
    return asked;
}

/// What the loop records of such a queue; replies of later messages may come first.
client::measured served(client::load const& asked, bool in_order = true) {
    auto const due_ns =
        client::arrivals(asked.messages, asked.rate_per_s, false, 1, asked.surge_percent);
    client::measured seen;
    std::uint64_t free_ns = 0;
    for (auto const due : due_ns) {
        free_ns = std::max(free_ns, due) + service_ns;
        seen.due_ns.push_back(1'000'000 + due); // the window opens some time
        seen.reply_ns.push_back(free_ns - due);
    }
    if (!in_order) {
        std::reverse(seen.due_ns.begin(), seen.due_ns.end());
        std::reverse(seen.reply_ns.begin(), seen.reply_ns.end());
    }
    return seen;
}

TEST(surge, is_the_middle_third_of_the_arrivals) {
    auto const times = client::arrivals(9, 1'000, false, 1, 400);
    EXPECT_EQ(times, (std::vector<std::uint64_t>{0, 1'000'000, 2'000'000, 3'000'000, 3'250'000,
                                                 3'500'000, 3'750'000, 4'750'000, 5'750'000}));
}

TEST(surge, beyond_capacity_is_worked_off_at_what_is_left) {
    // 12,000 messages at 1.2 times the capacity take 0.1 s and leave a backlog of 0.02 s; half of
    // the capacity is left to work it off.
    for (auto const in_order : {true, false}) {
        auto const asked = half_of_capacity(240);
        auto const found = client::surge_of(asked, served(asked, in_order));
        EXPECT_EQ(found.normal_p99_ns, service_ns);
        EXPECT_NEAR(found.goodput_per_s, 100'000, 1'000);
        ASSERT_TRUE(found.recovery_ns);
        EXPECT_NEAR(static_cast<double>(*found.recovery_ns), 40e6, 1e6);
    }
}

TEST(surge, within_capacity_needs_no_recovery) {
    auto const asked = half_of_capacity(150);
    auto const found = client::surge_of(asked, served(asked));
    EXPECT_NEAR(found.goodput_per_s, 75'000, 750);
    ASSERT_TRUE(found.recovery_ns);
    EXPECT_LE(*found.recovery_ns, 20'000u); // the next message
}

TEST(surge, that_is_not_recovered_from_says_so) {
    auto const asked = half_of_capacity(240);
    auto seen = served(asked);
    for (std::size_t i = 2 * third; i < seen.reply_ns.size(); ++i) {
        if (i % 10 == 0) seen.reply_ns[i] = 10 * service_ns; // a tenth stays slow
    }
    EXPECT_FALSE(client::surge_of(asked, seen).recovery_ns);
}

TEST(surge, of_a_load_that_was_cut_short_is_unknown) {
    auto const asked = half_of_capacity(240);
    auto seen = served(asked);
    seen.reply_ns.pop_back();
    auto const found = client::surge_of(asked, seen);
    EXPECT_FALSE(found.recovery_ns);
    EXPECT_EQ(found.goodput_per_s, 0);
}

} // namespace
