// SPDX-License-Identifier: MIT
// The oracles of `pump`, `accept`, `held` and `delay` against every way to cheat that shows.
#include "oracle/all.hpp"

#include <gtest/gtest.h>

namespace {

using oracle::rules_for;

TEST(accept, wants_a_connection_for_each_message_that_the_load_generator_verified) {
    auto const& rules = rules_for<contract::accept>();
    contract::accept::params const params{.connections = 2, .messages = 10, .message_bytes = 64};
    auto const right = rules.expected(params, 1);
    auto const judge = [&](contract::echo::outcome const& outcome, std::uint64_t bytes) {
        oracle::evidence seen;
        seen.client = oracle::served{.connections = 2, .bytes = bytes};
        return rules.check(params, 1, right, outcome, seen);
    };
    EXPECT_EQ(judge({10, 640}, 640), "");
    EXPECT_EQ(judge({12, 768}, 768), "") << "with a warm-up of two";
    EXPECT_NE(judge({2, 640}, 640), "") << "all over two connections";
    EXPECT_NE(judge({11, 640}, 640), "");
    EXPECT_NE(judge({10, 641}, 640), "");
    EXPECT_NE(judge({9, 576}, 576), "") << "one is missing";
    EXPECT_NE(rules.check(params, 1, right, right, {}), "") << "nobody saw it";
}

TEST(pump, is_counted_in_whole_mebibytes) {
    auto const& rules = rules_for<contract::pump>();
    contract::pump::params params{.connections = 1, .messages = 16, .message_bytes = 65'536};
    EXPECT_EQ(rules.refuse(params), "");
    EXPECT_EQ(rules.units(params), 1u);
    params.messages = 15;
    EXPECT_NE(rules.refuse(params), "");
    params = {.connections = 3, .messages = 2};
    EXPECT_NE(rules.refuse(params), "") << "a stream without a message";
}

TEST(pump, compares_what_the_model_says_with_what_the_load_generator_verified) {
    auto const& rules = rules_for<contract::pump>();
    contract::pump::params const params{.connections = 1, .messages = 2};
    auto const right = rules.expected(params, 1);
    oracle::evidence seen;
    seen.client = oracle::served{.connections = 1, .bytes = 2'097'152};
    EXPECT_EQ(rules.check(params, 1, right, {1, 2'097'152}, seen), "");
    EXPECT_NE(rules.check(params, 1, right, {1, 2'097'151}, seen), "");
    EXPECT_NE(rules.check(params, 1, right, {2, 2'097'152}, seen), "");
}

TEST(held, is_judged_as_echo) {
    auto const& rules = rules_for<contract::held>();
    contract::held::params const params{.connections = 3, .messages = 6, .message_bytes = 10};
    auto const right = rules.expected(params, 1);
    oracle::evidence seen;
    seen.client = oracle::served{.connections = 3, .bytes = 60};
    EXPECT_EQ(rules.check(params, 1, right, {3, 60}, seen), "");
    EXPECT_NE(rules.check(params, 1, right, {2, 60}, seen), "");
    EXPECT_NE(rules.check(params, 1, right, {3, 50}, seen), "");
    EXPECT_NE(rules.refuse({.connections = 3, .messages = 2}), "") << "one is never asked";
}

TEST(delay, wants_every_request_answered_and_none_too_early) {
    auto const& rules = rules_for<contract::delay>();
    contract::delay::params const params{
        .connections = 2, .messages = 10, .message_bytes = 64, .delay_us = 3'000};
    auto const right = rules.expected(params, 1);
    auto const judge = [&](contract::delay::outcome const& outcome, oracle::served const& client) {
        oracle::evidence seen;
        seen.client = client;
        return rules.check(params, 1, right, outcome, seen);
    };
    oracle::served const client{.connections = 2, .bytes = 640, .least_ns = 3'000'000};
    EXPECT_EQ(judge({2, 10}, client), "");
    EXPECT_EQ(judge({2, 12}, {.connections = 2, .bytes = 768, .least_ns = 3'000'001}), "")
        << "with a warm-up of two";
    EXPECT_NE(judge({2, 10}, {.connections = 2, .bytes = 640, .least_ns = 2'999'999}), "")
        << "it did not wait";
    EXPECT_NE(judge({3, 10}, client), "");
    EXPECT_NE(judge({2, 11}, client), "");
    EXPECT_NE(judge({2, 9}, {.connections = 2, .bytes = 576, .least_ns = 3'000'000}), "")
        << "one is missing";
    EXPECT_NE(judge({2, 10}, {.connections = 1, .bytes = 640, .least_ns = 3'000'000}), "");
    EXPECT_NE(rules.check(params, 1, right, right, {}), "") << "nobody saw it";
}

} // namespace
