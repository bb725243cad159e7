// SPDX-License-Identifier: MIT
#include "oracle/all.hpp"

#include <gtest/gtest.h>

namespace {

using contract::http;
using oracle::rules_for;

std::string check(http::params const& params, http::outcome const& outcome,
                  oracle::evidence const& seen) {
    auto const& rules = rules_for<http>();
    return rules.check(params, 1, rules.expected(params, 1), outcome, seen);
}

TEST(http, compares_the_model_with_the_load_generator) {
    http::params const params{.connections = 2, .messages = 4, .pipeline = 3, .body_bytes = 10};
    // HTTP/1.1 200 OK, Content-Type: application/octet-stream, Content-Length: 10, a blank line.
    std::uint64_t const reply = 17 + 40 + 20 + 2 + 10;
    auto const judged = [&](http::outcome const& outcome, oracle::served const& seen) {
        return check(params, outcome, {.slots = {}, .run_ns = 0, .client = seen});
    };
    EXPECT_EQ(judged({2, 12, 12 * reply}, {2, 12 * reply}), "");
    EXPECT_EQ(judged({2, 15, 15 * reply}, {2, 15 * reply}), "") << "with a warm-up";
    EXPECT_NE(judged({2, 12, 12 * reply + 1}, {2, 12 * reply}), "") << "claimed too much";
    EXPECT_NE(judged({2, 13, 12 * reply}, {2, 12 * reply}), "") << "a request without an answer";
    EXPECT_NE(judged({2, 11, 11 * reply}, {2, 11 * reply}), "") << "both saw too little";
    EXPECT_NE(judged({3, 12, 12 * reply}, {2, 12 * reply}), "");
    EXPECT_NE(judged({2, 12, 12 * reply}, {1, 12 * reply}), "");
    EXPECT_NE(check(params, {2, 12, 12 * reply}, {}), "") << "no report";
}

TEST(http, refuses_loads_that_make_no_sense) {
    auto const& rules = rules_for<http>();
    EXPECT_NE(rules.refuse({.connections = 10, .messages = 9}), "");
    EXPECT_NE(rules.refuse({.rate_per_s = 0, .poisson = 1}), "");
    EXPECT_NE(rules.refuse({.pipeline = 17, .body_bytes = 1'048'576}), "");
    EXPECT_EQ(rules.refuse({.pipeline = 16, .body_bytes = 1'048'576}), "");
}

} // namespace
