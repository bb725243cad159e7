// SPDX-License-Identifier: MIT
// What the oracle of `idle` takes, and every way to seem to have waited that it refuses.
#include "kernel/ballast.hpp"
#include "oracle/all.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace {

using contract::idle;

constexpr std::uint64_t seed = 42;

/// Four units that wait as they should, at made-up times; the tests then make them lie.
class idle_oracle : public ::testing::Test {
protected:
    idle_oracle() {
        params.ballast_bytes = 24;
        for (std::uint64_t i = 0; i < params.units; ++i) {
            std::vector<std::byte> bytes(params.ballast_bytes);
            kernel::load_ballast(seed, i, bytes);
            values.push_back(kernel::ballast_value(seed, i, bytes));
        }
        outcome = {.released = 4, .sum = values[0] + values[1] + values[2] + values[3]};
        // Steps of 1, 2 and 4 units; the looks are at 20-30, 50-60 and 80-90.
        slots = {{10, 100}, {40, 101}, {65, 102}, {70, 103}, {20, 30}, {50, 60}, {80, 90}, {}};
    }

    [[nodiscard]] std::string check() const {
        auto const& rules = oracle::rules_for<idle>();
        return rules.check(params, seed, rules.expected(params, seed), outcome,
                           {.slots = slots, .run_ns = 0, .client = {}});
    }

    idle::params params{.units = 4, .ballast_bytes = 0};
    std::vector<std::uint64_t> values;
    idle::outcome outcome;
    std::vector<contract::latency_slot> slots;
};

TEST_F(idle_oracle, takes_units_that_all_waited_at_once) {
    EXPECT_EQ(check(), "");
    EXPECT_EQ(oracle::rules_for<idle>().slots(params), slots.size());
}

TEST_F(idle_oracle, refuses_a_unit_that_did_not_run_on) {
    outcome = {.released = 3, .sum = values[0] + values[1] + values[2]};
    EXPECT_NE(check(), "");
    outcome.released = 4;
    EXPECT_NE(check(), "") << "counted and not run";
    outcome.sum = values[0] + values[1] + values[2] + values[2];
    EXPECT_NE(check(), "") << "one twice";
}

TEST_F(idle_oracle, refuses_a_ballast_that_was_not_filled) {
    outcome.sum = 0;
    for (std::uint64_t i = 0; i < 4; ++i) {
        outcome.sum += kernel::ballast_value(seed, i, {});
    }
    EXPECT_NE(check(), "");
}

TEST_F(idle_oracle, refuses_units_that_did_not_wait_together) {
    auto const honest = slots;
    slots[0] = {10, 15};
    EXPECT_NE(check(), "") << "released before the looks: one after another";
    slots = honest;
    slots[3] = {95, 103};
    EXPECT_NE(check(), "") << "came after the last look";
    slots = honest;
    slots[1] = {40, 85};
    EXPECT_NE(check(), "") << "gone while the harness looked";
    slots = honest;
    slots[2] = {};
    EXPECT_NE(check(), "") << "never waited";
    slots = honest;
    slots[2].end_ns = 0;
    EXPECT_NE(check(), "") << "never woke";
    slots = honest;
    slots[3] = {12, 103};
    EXPECT_NE(check(), "") << "there before its step: the slope would be too small";
}

TEST_F(idle_oracle, refuses_looks_too_few_or_too_many) {
    slots[5] = {};
    EXPECT_NE(check(), "") << "the second never";
    slots[5] = {50, 60};
    slots[7] = {95, 96};
    EXPECT_NE(check(), "") << "a fourth";
    slots[4] = slots[5] = slots[6] = slots[7] = {};
    EXPECT_NE(check(), "") << "none at all";
}

TEST_F(idle_oracle, refuses_units_that_do_not_divide) {
    EXPECT_EQ(oracle::rules_for<idle>().refuse({.units = 8, .ballast_bytes = 0}), "");
    EXPECT_NE(oracle::rules_for<idle>().refuse({.units = 6, .ballast_bytes = 0}), "");
}

} // namespace
