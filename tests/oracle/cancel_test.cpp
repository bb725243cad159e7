// SPDX-License-Identifier: MIT
// The oracle of `cancel` against every way to cheat that shows in an outcome or in the slots.
#include "kernel/cancel.hpp"
#include "oracle/all.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace {

using contract::cancel;
using contract::latency_slot;

constexpr std::uint64_t seed = 42;
constexpr std::uint64_t units = 6;

/// A model that does as it is told: `burst` requests 10 ns apart, clean-ups in their order.
struct honest {
    explicit honest(std::uint64_t burst) : params{.units = units, .burst = burst} {
        std::uint64_t now = 1'000;
        for (std::uint64_t k = 0; k < units; k += burst) {
            for (auto i = k; i < k + burst; ++i) {
                slots[order[i]].begin_ns = now += 10;
            }
            for (auto i = k; i < k + burst; ++i) {
                slots[order[i]].end_ns = now += 10;
            }
        }
        for (std::uint64_t unit = 0; unit < units; ++unit) {
            ++outcome.joined;
            outcome.waiting += kernel::cancel::waiting_mark(seed, unit);
            outcome.cancelled += kernel::cancel::cancelled_mark(seed, unit);
        }
    }

    [[nodiscard]] std::string check() const {
        auto const& rules = oracle::rules_for<cancel>();
        return rules.check(params, seed, rules.expected(params, seed), outcome,
                           {.slots = slots, .run_ns = 0, .client = {}});
    }

    cancel::params params;
    std::vector<std::uint64_t> order = kernel::cancel::order(seed, units);
    std::vector<latency_slot> slots = std::vector<latency_slot>(units);
    cancel::outcome outcome;
};

TEST(cancel, takes_what_an_honest_model_answers) {
    for (auto const burst : {1, 2, 3, 6}) {
        EXPECT_EQ(honest(static_cast<std::uint64_t>(burst)).check(), "") << burst;
    }
}

TEST(cancel, takes_clean_ups_of_one_burst_in_any_order) {
    honest account(6);
    std::swap(account.slots[account.order[0]].end_ns, account.slots[account.order[5]].end_ns);
    EXPECT_EQ(account.check(), "");
}

TEST(cancel, tells_a_unit_that_was_not_joined) {
    honest account(1);
    --account.outcome.joined;
    EXPECT_NE(account.check(), "");
}

TEST(cancel, tells_a_unit_that_was_cancelled_before_it_waited) {
    honest account(1);
    account.outcome.waiting -= kernel::cancel::waiting_mark(seed, 3);
    EXPECT_NE(account.check(), "");
}

TEST(cancel, tells_a_unit_that_did_not_clean_up_or_did_so_twice) {
    for (auto const other : {std::uint64_t{2}, std::uint64_t{4}}) {
        honest account(1);
        account.outcome.cancelled -= kernel::cancel::cancelled_mark(seed, 3);
        EXPECT_NE(account.check(), "") << "3 never";
        account.outcome.cancelled += kernel::cancel::cancelled_mark(seed, other);
        EXPECT_NE(account.check(), "") << other << " in its place";
    }
    honest account(1);
    account.outcome.cancelled = account.outcome.waiting;
    EXPECT_NE(account.check(), "") << "the first mark again";
}

TEST(cancel, tells_a_clean_up_that_was_never_noted_or_came_before_the_request) {
    honest account(2);
    account.slots[0].end_ns = 0;
    EXPECT_NE(account.check(), "");
    account = honest(2);
    account.slots[0].end_ns = account.slots[0].begin_ns - 1;
    EXPECT_NE(account.check(), "");
    account = honest(2);
    account.slots[5].begin_ns = 0;
    EXPECT_NE(account.check(), "");
}

TEST(cancel, tells_another_order_of_requests) {
    honest account(6);
    std::swap(account.slots[account.order[1]].begin_ns, account.slots[account.order[2]].begin_ns);
    EXPECT_NE(account.check(), "");
}

TEST(cancel, tells_a_broadcast_from_bursts) {
    auto account = honest(6);
    account.params.burst = 3;
    EXPECT_NE(account.check(), "") << "the second burst was requested before the first had ended";
    account = honest(2);
    account.params.burst = 1;
    EXPECT_NE(account.check(), "");
}

TEST(cancel, refuses_bursts_that_do_not_divide) {
    auto const& rules = oracle::rules_for<cancel>();
    EXPECT_EQ(rules.refuse({.units = 9, .burst = 3}), "");
    EXPECT_NE(rules.refuse({.units = 10, .burst = 3}), "");
    EXPECT_NE(rules.refuse({.units = 2, .burst = 3}), "");
    EXPECT_EQ(rules.in_flight({.units = 9, .burst = 3}), 9u) << "all wait, however few are a burst";
}

TEST(cancel, orders_every_unit_once_and_not_as_created) {
    auto order = kernel::cancel::order(seed, 1'000);
    EXPECT_NE(order, kernel::cancel::order(seed + 1, 1'000));
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (std::uint64_t unit = 0; unit < order.size(); ++unit) {
        ASSERT_EQ(order[unit], unit);
    }
}

} // namespace
