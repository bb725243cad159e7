// SPDX-License-Identifier: MIT
// The oracle of `gateway` against every way to cheat that shows, and what all models share of it.
#include "kernel/gateway.hpp"
#include "oracle/all.hpp"

#include <gtest/gtest.h>

namespace {

using contract::gateway;

std::vector<std::byte> answer_of(std::uint64_t tag, std::byte said) {
    auto const bytes = kernel::gateway_bytes(tag);
    std::vector<std::byte> answer(bytes.begin(), bytes.end());
    answer.resize(answer.size() + 2, said);
    return answer;
}

TEST(gateway_request, joins_the_answers_in_the_order_of_the_backends_and_passes_over_the_late) {
    kernel::gateway_request request(2, 2);
    EXPECT_TRUE(request.is_complete()) << "nothing was asked";
    request.begin(kernel::gateway_bytes(7));
    EXPECT_FALSE(request.is_complete());
    request.take(1, answer_of(kernel::gateway_tag(6, 1), std::byte{9}));
    EXPECT_TRUE(request.lacks(1)) << "an answer to an earlier request";
    request.take(1, answer_of(kernel::gateway_tag(7, 0), std::byte{9}));
    EXPECT_TRUE(request.lacks(1)) << "an answer that another backend should have given";
    request.take(1, answer_of(kernel::gateway_tag(7, 1), std::byte{2}));
    request.take(1, answer_of(kernel::gateway_tag(7, 1), std::byte{9}));
    EXPECT_FALSE(request.lacks(1));
    request.take(0, answer_of(kernel::gateway_tag(7, 0), std::byte{1}));
    EXPECT_TRUE(request.is_complete());
    std::vector const right{std::byte{1}, std::byte{1}, std::byte{2}, std::byte{2}};
    EXPECT_TRUE(std::ranges::equal(request.reply(), right)) << "the second answer is not taken";
    request.begin(kernel::gateway_bytes(8));
    EXPECT_TRUE(request.lacks(0) && request.lacks(1));
}

TEST(gateway_request, asks_again_with_the_same_number) {
    kernel::gateway_request request(4, 1);
    request.begin(kernel::gateway_bytes(~std::uint64_t{0}));
    auto const first = kernel::gateway_number(request.question(3));
    EXPECT_EQ(first, kernel::gateway_tag(~std::uint64_t{0}, 3));
    EXPECT_EQ(first >> 56, 3u) << "whatever a client sends";
    EXPECT_EQ(kernel::gateway_number(request.question_again(3)), first | kernel::gateway_again);
}

TEST(gateway_is_slow, is_one_backend_in_one_of_so_many_requests_of_each_connection) {
    for (std::uint64_t const connection : {0, 1, 2}) {
        std::array<int, 3> slow{};
        for (std::uint64_t message = 0; message < 30; ++message) {
            auto in_this = 0;
            for (std::uint64_t backend = 0; backend < 3; ++backend) {
                auto const tag = kernel::gateway_tag(connection << 32 | message, backend);
                if (!kernel::gateway_is_slow(tag, 3, 5)) continue;
                ++slow[backend];
                ++in_this;
            }
            EXPECT_LE(in_this, 1);
        }
        EXPECT_EQ(slow, (std::array{2, 2, 2}));
    }
    EXPECT_FALSE(kernel::gateway_is_slow(0, 1, 0)) << "none is";
    EXPECT_TRUE(kernel::gateway_is_slow(0, 1, 1)) << "all are";
}

class gateway_oracle : public ::testing::Test {
protected:
    /// Of an honest run: 12 requests, two of them with a slow backend.
    gateway_oracle() {
        seen.client = oracle::served{.connections = 1,
                                     .bytes = 12 * 3 * 10,
                                     .dear = 2,
                                     .least_dear_ns = 70'000'000,
                                     .least_ns = 10'000'000};
        seen.backend = oracle::asked{.requests = 38,
                                     .most_in_flight = 3,
                                     .first = 36,
                                     .again = 2,
                                     .slow = 2,
                                     .slow_again = 2};
    }
    [[nodiscard]] std::string judge() const {
        return rules.check(params, 1, rules.expected(params, 1), outcome, seen);
    }

    oracle::rules<gateway> const& rules = oracle::rules_for<gateway>();
    gateway::params params{.connections = 1,
                           .messages = 10,
                           .backends = 3,
                           .answer_bytes = 10,
                           .delay_us = 10'000,
                           .limit_us = 60'000,
                           .slow_us = 500'000,
                           .slow_every = 6};
    gateway::outcome outcome{.accepted = 1, .requests = 12, .retries = 2};
    oracle::evidence seen;
};

TEST_F(gateway_oracle, takes_an_honest_run_with_a_warm_up) { EXPECT_EQ(judge(), ""); }

TEST_F(gateway_oracle, wants_every_request_answered_after_its_time) {
    outcome.requests = 11;
    EXPECT_NE(judge(), "") << "one more was answered than the model says";
    outcome = {.accepted = 2, .requests = 12, .retries = 2};
    EXPECT_NE(judge(), "");
    outcome.accepted = 1;
    seen.client->least_ns = 9'999'999;
    EXPECT_NE(judge(), "") << "before any backend could have answered";
}

TEST_F(gateway_oracle, wants_each_backend_asked_once_for_each_request) {
    seen.backend->first = 35;
    EXPECT_NE(judge(), "") << "an answer was made up";
    seen.backend->first = 37;
    EXPECT_NE(judge(), "") << "one was asked twice";
}

TEST_F(gateway_oracle, wants_the_slow_asked_again_and_not_before_the_limit) {
    seen.backend->slow_again = 0;
    seen.backend->again = outcome.retries = 0;
    EXPECT_NE(judge(), "") << "it waited for the late answers";
    seen.backend->slow_again = seen.backend->again = outcome.retries = 1;
    EXPECT_EQ(judge(), "") << "once the machine stood still";
    seen.client->least_dear_ns = 69'999'999;
    EXPECT_NE(judge(), "") << "it asked twice at once";
}

TEST_F(gateway_oracle, compares_the_retries_and_the_slow_with_what_the_backend_saw) {
    outcome.retries = 1;
    EXPECT_NE(judge(), "");
    outcome.retries = 6;
    EXPECT_NE(judge(), "");
    outcome.retries = 5;
    EXPECT_EQ(judge(), "") << "one a backend may be lost with its connection";
    outcome.retries = 2;
    seen.client->dear = 3;
    EXPECT_NE(judge(), "") << "a slow one was never asked";
}

TEST_F(gateway_oracle, wants_all_backends_asked_at_once) {
    seen.backend->most_in_flight = 2;
    EXPECT_NE(judge(), "");
    params.delay_us = 5'000; // in which three questions may not be sent
    EXPECT_EQ(judge(), "");
}

TEST_F(gateway_oracle, needs_both_sides_to_have_seen_it) {
    auto const all = seen;
    seen.client.reset();
    EXPECT_NE(judge(), "");
    seen = all;
    seen.backend.reset();
    EXPECT_NE(judge(), "");
}

TEST_F(gateway_oracle, refuses_times_that_contradict_each_other) {
    EXPECT_EQ(rules.refuse(params), "");
    params.limit_us = params.delay_us;
    EXPECT_NE(rules.refuse(params), "");
    params.limit_us = params.slow_us;
    EXPECT_NE(rules.refuse(params), "");
    params.slow_every = 0;
    EXPECT_EQ(rules.refuse(params), "") << "nothing is slow";
    params.messages = 0;
    EXPECT_NE(rules.refuse(params), "");
}

} // namespace
