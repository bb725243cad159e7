// SPDX-License-Identifier: MIT
// The oracles of the primitives against answers found in another way, and against every way to
// cheat that shows in an outcome.
#include "kernel/channel_ledger.hpp"
#include "kernel/random.hpp"
#include "oracle/all.hpp"

#include <gtest/gtest.h>
#include <utility>
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

TEST(ping_pong, takes_a_token_that_passed_through_both_and_no_other) {
    contract::ping_pong::params const params{.trips = 3, .cpus = 1};
    auto const after = [](std::vector<std::uint64_t> const& added) {
        auto token = seed;
        for (auto const each : added) {
            token = kernel::mix(token + each);
        }
        return token;
    };
    using outcome = contract::ping_pong::outcome;
    EXPECT_EQ(check<contract::ping_pong>(params, {3, after({1, 0, 1, 0, 1, 0})}), "");
    EXPECT_NE(check<contract::ping_pong>(params, {2, after({1, 0, 1, 0})}), "") << "one missing";
    EXPECT_NE(check<contract::ping_pong>(params, {3, after({1, 0, 1, 0})}), "") << "only counted";
    EXPECT_NE(check<contract::ping_pong>(params, {3, after({0, 1, 0, 1, 0, 1})}), "")
        << "ping first";
    EXPECT_NE(check<contract::ping_pong>(params, {3, after({1, 1, 1, 0, 0, 0})}), "") << "no turns";
    EXPECT_NE(check<contract::ping_pong>(params, {3, after({1, 1, 1, 1, 1, 1})}), "")
        << "pong alone";
    EXPECT_NE(check<contract::ping_pong>(params, outcome{}), "");
}

/// `taken`: producer and number of each item, in the order in which they were taken.
contract::channel::outcome
taken_in_order(contract::channel::params const& params,
               std::vector<std::pair<std::uint64_t, std::uint64_t>> const& taken) {
    kernel::channel_ledger ledger(params.producers);
    for (auto const& [producer, i] : taken) {
        ledger.enter(kernel::item_of(seed, params.items, producer, i));
    }
    return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = params.capacity};
}

TEST(channel, takes_each_item_once_and_those_of_one_producer_in_order) {
    contract::channel::params const params{.producers = 2, .items = 2, .capacity = 3};
    auto const judge = [&](std::vector<std::pair<std::uint64_t, std::uint64_t>> const& taken) {
        return check<contract::channel>(params, taken_in_order(params, taken));
    };
    EXPECT_EQ(judge({{0, 0}, {0, 1}, {1, 0}, {1, 1}}), "");
    EXPECT_EQ(judge({{1, 0}, {0, 0}, {1, 1}, {0, 1}}), "") << "producers come in any order";
    EXPECT_NE(judge({}), "");
    EXPECT_NE(judge({{0, 1}, {0, 0}, {1, 0}, {1, 1}}), "") << "two of one producer swapped";
    EXPECT_NE(judge({{0, 0}, {0, 0}, {1, 0}, {1, 1}}), "") << "one twice, one missing";
    EXPECT_NE(judge({{0, 0}, {0, 1}, {1, 0}}), "") << "one missing";
    EXPECT_NE(judge({{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 1}}), "") << "one too many";
    EXPECT_NE(judge({{0, 0}, {0, 1}, {1, 0}, {2, 1}}), "") << "of nobody";
}

TEST(channel, tells_a_channel_that_is_not_bounded) {
    contract::channel::params const params{.producers = 1, .items = 2, .capacity = 1};
    auto outcome = taken_in_order(params, {{0, 0}, {0, 1}});
    EXPECT_EQ(check<contract::channel>(params, outcome), "");
    outcome.most_queued = 2;
    EXPECT_NE(check<contract::channel>(params, outcome), "");
}

TEST(wakeup, tells_wakes_that_were_joined_invented_or_too_early) {
    contract::wakeup::params const params{.wakes = 2, .pause_us = 50};
    auto const& rules = rules_for<contract::wakeup>();
    auto const right = rules.expected(params, seed);
    EXPECT_EQ(rules.check(params, seed, right, right, {}), "");
    EXPECT_NE(rules.check(params, seed, right, {1, right.chain}, {}), "") << "joined";
    EXPECT_NE(rules.check(params, seed, right, {2, seed}, {}), "") << "invented";
    std::vector<contract::latency_slot> slots{{100, 200}, {50'200, 50'300}};
    EXPECT_EQ(rules.check(params, seed, right, right, {slots, 100'000, {}}), "");
    EXPECT_NE(rules.check(params, seed, right, right, {slots, 99'999, {}}), "") << "no pauses";
    slots[1].begin_ns = 50'199;
    EXPECT_NE(rules.check(params, seed, right, right, {slots, 100'000, {}}), "") << "was awake";
}

TEST(startup, takes_one_operation_a_start_and_wants_it_noted) {
    contract::startup::params const params{.starts = 2};
    auto const& rules = rules_for<contract::startup>();
    auto const right = rules.expected(params, seed);
    std::vector<contract::latency_slot> slots{{10, 20}, {30, 45}};
    auto const check_it = [&](contract::startup::outcome const& outcome) {
        return rules.check(params, seed, right, outcome,
                           {.slots = slots, .run_ns = 0, .client = {}});
    };
    contract::startup::outcome const honest{.operations = 2,
                                            .sum = kernel::mix(kernel::mix(seed ^ 0)) +
                                                   kernel::mix(kernel::mix(seed ^ 1))};
    EXPECT_EQ(check_it(honest), "");
    EXPECT_NE(check_it({}), "");
    auto lie = honest;
    lie.operations = 1;
    EXPECT_NE(check_it(lie), "") << "one start without an operation";
    lie = honest;
    lie.sum = 2 * kernel::mix(kernel::mix(seed ^ 0));
    EXPECT_NE(check_it(lie), "") << "the first start twice";
    slots[1].end_ns = 0;
    EXPECT_NE(check_it(honest), "") << "never noted";
    slots[1].end_ns = 29;
    EXPECT_NE(check_it(honest), "") << "noted by the process before";
}

} // namespace
