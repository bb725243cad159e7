// SPDX-License-Identifier: MIT
// The oracles of the primitives against answers found in another way, and against every way to
// cheat that shows in an outcome.
#include "kernel/random.hpp"
#include "oracle/all.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace {

using oracle::rules_for;

constexpr std::uint64_t seed = 42;

template <class W>
std::string check(typename W::params const& params, typename W::outcome const& outcome) {
    auto const& rules = rules_for<W>();
    return rules.check(params, seed, rules.expected(params, seed), outcome, {});
}

contract::spawn::outcome spawned(std::vector<std::uint64_t> const& units) {
    contract::spawn::outcome outcome;
    for (auto const i : units) {
        ++outcome.joined;
        outcome.sum += kernel::mix(seed ^ i);
    }
    return outcome;
}

TEST(spawn, takes_the_units_in_any_order_and_no_others) {
    contract::spawn::params const params{.units = 4, .at_once = 2};
    EXPECT_EQ(check<contract::spawn>(params, spawned({0, 1, 2, 3})), "");
    EXPECT_EQ(check<contract::spawn>(params, spawned({3, 1, 0, 2})), "");
    EXPECT_NE(check<contract::spawn>(params, {}), "");
    EXPECT_NE(check<contract::spawn>(params, spawned({0, 1, 2})), "") << "one is missing";
    EXPECT_NE(check<contract::spawn>(params, spawned({0, 1, 2, 3, 3})), "") << "one too many";
    EXPECT_NE(check<contract::spawn>(params, spawned({0, 1, 2, 2})), "") << "one twice";
    EXPECT_NE(check<contract::spawn>(params, spawned({1, 2, 3, 4})), "") << "counted from 1";
    EXPECT_NE(check<contract::spawn>(params, spawned({0, 1, 0, 1})), "") << "the first batch twice";
    // Pairs whose plain sum is right: mix tells them apart.
    EXPECT_NE(check<contract::spawn>(params, spawned({0, 0, 3, 3})), "");
}

TEST(spawn, tells_units_that_were_computed_and_not_joined) {
    contract::spawn::params const params{.units = 4, .at_once = 4};
    auto outcome = spawned({0, 1, 2, 3});
    outcome.joined = 3;
    EXPECT_NE(check<contract::spawn>(params, outcome), "");
    outcome = {.joined = 4, .sum = 0};
    EXPECT_NE(check<contract::spawn>(params, outcome), "") << "joined, and their values lost";
}

TEST(spawn, refuses_batches_that_do_not_divide) {
    EXPECT_EQ(rules_for<contract::spawn>().refuse({.units = 9, .at_once = 3}), "");
    EXPECT_NE(rules_for<contract::spawn>().refuse({.units = 10, .at_once = 3}), "");
    EXPECT_NE(rules_for<contract::spawn>().refuse({.units = 2, .at_once = 3}), "");
    EXPECT_EQ(rules_for<contract::spawn>().in_flight({.units = 9, .at_once = 3}), 3u);
}

contract::yield::outcome turns_of(std::vector<std::uint64_t> const& units) {
    contract::yield::outcome outcome{.turns = 0, .chain = seed};
    for (auto const unit : units) {
        ++outcome.turns;
        outcome.chain = kernel::mix(outcome.chain + unit);
    }
    return outcome;
}

TEST(yield, takes_turns_one_after_another_and_nothing_else) {
    contract::yield::params const params{.units = 3, .turns = 2};
    EXPECT_EQ(check<contract::yield>(params, turns_of({0, 1, 2, 0, 1, 2})), "");
    EXPECT_NE(check<contract::yield>(params, {}), "");
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 0, 1, 1, 2, 2})), "") << "never yielded";
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 1, 2, 2, 1, 0})), "") << "back and forth";
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 1, 2, 1, 0, 2})), "") << "two swapped";
    EXPECT_NE(check<contract::yield>(params, turns_of({1, 2, 0, 1, 2, 0})), "") << "1 was first";
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 1, 0, 1, 0, 1})), "") << "2 never ran";
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 1, 2, 0, 1})), "") << "one turn missing";
    EXPECT_NE(check<contract::yield>(params, turns_of({0, 1, 2, 0, 1, 2, 0})), "")
        << "one too many";
}

TEST(yield, tells_turns_that_were_counted_and_not_taken) {
    contract::yield::params const params{.units = 2, .turns = 1};
    auto outcome = turns_of({0});
    outcome.turns = 2;
    EXPECT_NE(check<contract::yield>(params, outcome), "");
    outcome = turns_of({0, 1});
    outcome.turns = 1;
    EXPECT_NE(check<contract::yield>(params, outcome), "");
    EXPECT_EQ(rules_for<contract::yield>().units({.units = 3, .turns = 5}), 15u);
}

} // namespace
