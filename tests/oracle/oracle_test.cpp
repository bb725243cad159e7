// SPDX-License-Identifier: MIT
// Oracles against answers found in another way, and against answers that are deliberately wrong.
#include "kernel/hash.hpp"
#include "kernel/random.hpp"
#include "kernel/read_block.hpp"
#include "oracle/all.hpp"
#include "oracle/presentation.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <vector>

namespace {

using namespace contract;
using oracle::evidence;
using oracle::rules_for;

constexpr std::uint64_t seed = 42;

/// Slots that look as if `longest - shortest` had been honoured: begun together, ended in time.
template <class W>
std::vector<latency_slot> good_slots(typename W::params const& params,
                                     std::uint64_t (*length_ns)(typename W::params const&,
                                                                std::uint64_t)) {
    std::vector<latency_slot> slots(rules_for<W>().slots(params));
    for (std::uint64_t i = 0; i < slots.size(); ++i) {
        slots[i] = {1'000 + i, 1'000 + i + length_ns(params, i)};
    }
    return slots;
}

template <class W>
std::string check(typename W::params const& params, typename W::outcome const& outcome,
                  evidence const& seen = {}) {
    auto const& rules = rules_for<W>();
    return rules.check(params, seed, rules.expected(params, seed), outcome, seen);
}

TEST(presets, are_in_range_consistent_and_not_empty) {
    oracle::all_workloads::for_each([]<class W>(std::type_identity<W>) {
        for (auto const which :
             {oracle::preset::smoke, oracle::preset::quick, oracle::preset::full}) {
            auto const points = rules_for<W>().points(which);
            EXPECT_FALSE(points.empty()) << W::name;
            for (auto const& params : points) {
                for (auto const& field : W::fields) {
                    EXPECT_GE(params.*field.member, field.least) << W::name << field.name;
                    EXPECT_LE(params.*field.member, field.most) << W::name << field.name;
                }
                EXPECT_EQ(rules_for<W>().refuse(params), "") << W::name;
                EXPECT_GT(rules_for<W>().units(params), 0u) << W::name;
            }
        }
    });
}

TEST(presentation, prefers_sizes_of_its_workload_that_are_in_range) {
    int declared = 0;
    oracle::all_workloads::for_each([&]<class W>(std::type_identity<W>) {
        auto const presented = oracle::presentation_of<W>(rules_for<W>());
        EXPECT_EQ(presented.headline == facts::metric::throughput,
                  presented.headline_reason.empty())
            << W::name;
        for (auto const& size : presented.preferred) {
            auto const field = std::ranges::find(W::fields, size.member,
                                                 [](auto const& known) { return known.member; });
            ASSERT_NE(field, W::fields.end()) << W::name;
            EXPECT_GE(size.value, field->least) << W::name << field->name;
            EXPECT_LE(size.value, field->most) << W::name << field->name;
            ++declared;
        }
    });
    EXPECT_GT(declared, 0);
}

TEST(fetch_data, agrees_with_a_sum_by_hand) {
    fetch_data::params const params{.fetches = 4, .step_us = 10};
    std::uint64_t sum = 0;
    for (auto i = 4u; i-- > 0;) {
        sum += kernel::mix(seed ^ kernel::mix(i));
    }
    auto slots = good_slots<fetch_data>(
        params, [](auto const& p, std::uint64_t i) { return (i + 1) * p.step_us * 1'000; });
    EXPECT_EQ(check<fetch_data>(params, {.fetched = 4, .sum = sum}, {.slots = slots, .client = {}}),
              "");
    EXPECT_NE(check<fetch_data>(params, {.fetched = 3, .sum = sum}, {.slots = slots, .client = {}}),
              "");
    EXPECT_NE(
        check<fetch_data>(params, {.fetched = 4, .sum = sum + 1}, {.slots = slots, .client = {}}),
        "");
    --slots[3].end_ns;
    EXPECT_NE(check<fetch_data>(params, {.fetched = 4, .sum = sum}, {.slots = slots, .client = {}}),
              "");
}

std::uint64_t wait_length(waits::params const& p, std::uint64_t i) {
    return kernel::wait_ns(seed, i, p.shortest_us, p.longest_us);
}

struct waits_rule : testing::Test {
    waits::params params{.waits = 8, .shortest_us = 24'000, .longest_us = 25'000};
    std::vector<latency_slot> slots = good_slots<waits>(params, wait_length);
    waits::outcome right = [] {
        waits::outcome sum;
        for (std::uint64_t i = 0; i < 8; ++i) {
            sum.checksum += kernel::mix(7 - i);
        }
        sum.completed = 8;
        return sum;
    }();

    [[nodiscard]] std::string judged(waits::outcome const& outcome) const {
        return check<waits>(params, outcome, {.slots = slots, .client = {}});
    }
};

TEST_F(waits_rule, accepts_the_right_answer) { EXPECT_EQ(judged(right), ""); }

TEST_F(waits_rule, sees_a_missing_wait_and_one_counted_twice) {
    EXPECT_NE(judged({.completed = 7, .checksum = right.checksum}), "");
    EXPECT_NE(
        judged({.completed = 8, .checksum = right.checksum - kernel::mix(1) + kernel::mix(0)}), "");
}

TEST_F(waits_rule, sees_a_wait_that_was_early_by_a_nanosecond) {
    slots[5].end_ns = slots[5].begin_ns + wait_length(params, 5) - 1;
    EXPECT_NE(judged(right), "");
}

TEST_F(waits_rule, sees_slots_that_were_not_written) {
    auto const whole = slots;
    slots[2] = {};
    EXPECT_NE(judged(right), "");
    slots = whole;
    slots[2].end_ns = 0;
    EXPECT_NE(judged(right), "");
}

/// Begins wait i when the wait `at_once` before it has ended: so many at once and no more.
void hold_back(std::vector<latency_slot>& slots, std::size_t at_once) {
    for (auto i = at_once; i < slots.size(); ++i) {
        auto const length_ns = slots[i].end_ns - slots[i].begin_ns;
        slots[i].begin_ns = slots[i - at_once].end_ns;
        slots[i].end_ns = slots[i].begin_ns + length_ns;
    }
}

TEST_F(waits_rule, sees_a_model_that_waits_for_one_after_another) {
    hold_back(slots, 1);
    EXPECT_NE(judged(right), "");
}

TEST_F(waits_rule, forgives_a_stall_in_the_middle) {
    for (std::size_t i = 4; i < slots.size(); ++i) {
        slots[i].begin_ns += 30'000'000;
        slots[i].end_ns += 30'000'000;
    }
    EXPECT_EQ(judged(right), "");
}

TEST_F(waits_rule, cannot_tell_where_there_is_no_time_to_arm_all) {
    hold_back(slots, 1);
    params.waits = 9;
    slots.push_back({slots[7].end_ns, slots[7].end_ns + wait_length(params, 8)});
    EXPECT_EQ(judged({.completed = 9, .checksum = right.checksum + kernel::mix(8)}), "");
}

TEST(hash_blocks, agrees_with_the_definition_block_by_block) {
    hash_blocks::params const params{.blocks = 5, .block_bytes = 100, .passes = 3};
    std::uint64_t checksum = 0;
    for (auto block = 5u; block-- > 0;) {
        std::vector<std::byte> bytes(100);
        kernel::payload(seed, block, bytes);
        std::uint64_t state = block;
        state = kernel::hash(state, bytes);
        state = kernel::hash(state, bytes);
        checksum += kernel::hash(state, bytes);
    }
    EXPECT_EQ(check<hash_blocks>(params, {.blocks = 5, .checksum = checksum}), "");
    EXPECT_NE(check<hash_blocks>(params, {.blocks = 4, .checksum = checksum}), "");
    EXPECT_NE(check<hash_blocks>(params, {.blocks = 5, .checksum = checksum ^ 1}), "");
}

TEST(echo, compares_the_model_with_the_load_generator) {
    echo::params const params{.connections = 3, .messages = 10, .message_bytes = 7};
    auto const judged = [&](echo::outcome const& outcome, oracle::served const& seen) {
        return check<echo>(params, outcome, {.slots = {}, .client = seen});
    };
    EXPECT_EQ(judged({3, 70}, {3, 70}), "");
    EXPECT_EQ(judged({3, 91}, {3, 91}), "") << "with a warm-up of three messages";
    EXPECT_NE(judged({3, 71}, {3, 70}), "") << "claimed too much";
    EXPECT_NE(judged({3, 69}, {3, 69}), "") << "both saw too little";
    EXPECT_NE(judged({2, 70}, {3, 70}), "");
    EXPECT_NE(judged({3, 70}, {2, 70}), "");
    EXPECT_NE(check<echo>(params, {3, 70}), "") << "no report";
}

TEST(echo, refuses_loads_that_make_no_sense) {
    auto const& rules = rules_for<echo>();
    EXPECT_NE(rules.refuse({.connections = 10, .messages = 9}), "");
    EXPECT_NE(rules.refuse({.rate_per_s = 0, .poisson = 1}), "");
    EXPECT_EQ(rules.refuse({.rate_per_s = 10, .poisson = 1}), "");
    EXPECT_NE(rules.refuse({.rate_per_s = 0, .surge_percent = 200}), "");
    EXPECT_EQ(rules.refuse({.rate_per_s = 10, .surge_percent = 200}), "");
}

struct fetch_rule : testing::Test {
    fetch::params params{.requests = 6, .in_flight = 2, .delay_us = 6'000, .response_bytes = 9};
    std::vector<latency_slot> slots;
    fetch::outcome right;

    fetch_rule() {
        for (std::uint64_t i = 0; i < params.requests; ++i) {
            std::vector<std::byte> response(params.response_bytes);
            kernel::payload(seed, i, response);
            right.checksum += kernel::hash(i, response);
            ++right.responses;
            auto const begin = 1 + (i / params.in_flight) * 7'000'000;
            slots.push_back({begin, begin + 6'000'000});
        }
    }
    [[nodiscard]] std::string judged(fetch::outcome const& outcome) const {
        return check<fetch>(params, outcome, {.slots = slots, .client = {}});
    }
    [[nodiscard]] std::string asked(std::uint64_t requests, std::uint64_t most_in_flight) const {
        return rules_for<fetch>().check_asked(params, 2, {requests, most_in_flight});
    }
};

TEST_F(fetch_rule, accepts_the_right_answer_and_no_other) {
    EXPECT_EQ(judged(right), "");
    EXPECT_NE(judged({right.responses - 1, right.checksum}), "");
    EXPECT_NE(judged({right.responses, right.checksum + 1}), "");
}

TEST_F(fetch_rule, sees_answers_that_came_before_the_backend_gives_them) {
    --slots[0].end_ns;
    EXPECT_NE(judged(right), "");
}

TEST_F(fetch_rule, sees_two_requests_at_once_on_one_connection) {
    slots[2].begin_ns = slots[0].end_ns - 1;
    EXPECT_NE(judged(right), "");
}

TEST_F(fetch_rule, compares_with_what_the_backend_saw) {
    EXPECT_EQ(asked(12, 2), "");
    EXPECT_NE(asked(11, 2), "");
    EXPECT_NE(asked(12, 3), "") << "more at once than allowed";
    EXPECT_NE(asked(12, 1), "") << "fewer at once than asked for";
    params.delay_us = 0;
    EXPECT_EQ(asked(12, 1), "") << "answers may come before the second request is sent";
}

struct file_read_rule : testing::Test {
    file_read::params params{.reads = 6, .in_flight = 2, .block_bytes = 4'096, .file_bytes = 8'192};
    std::vector<latency_slot> slots{{10, 20}, {10, 30}, {20, 40}, {30, 50}, {40, 60}, {50, 60}};
    file_read::outcome right = [this] {
        // The file as it lies on disk, and each read cut out of it.
        std::vector<std::byte> file(params.file_bytes);
        for (std::uint64_t block = 0; block < 2; ++block) {
            kernel::payload(seed, block, std::span(file).subspan(block * 4'096, 4'096));
        }
        file_read::outcome sum;
        for (std::uint64_t i = 6; i-- > 0; ++sum.reads) {
            auto const offset = kernel::block_of(seed, i, 2) * 4'096;
            sum.checksum += kernel::read_value(i, std::span(file).subspan(offset, 4'096));
        }
        return sum;
    }();

    [[nodiscard]] std::string judged(file_read::outcome const& outcome) const {
        return check<file_read>(params, outcome, {.slots = slots, .client = {}});
    }
};

TEST_F(file_read_rule, accepts_the_right_answer_and_no_other) {
    EXPECT_EQ(judged(right), "");
    EXPECT_NE(judged({right.reads - 1, right.checksum}), "");
    EXPECT_NE(judged({right.reads, right.checksum + 1}), "");
}

TEST_F(file_read_rule, sees_more_reads_at_once_than_are_allowed) {
    --slots[2].begin_ns;
    EXPECT_NE(judged(right), "");
}

TEST_F(file_read_rule, sees_a_read_that_was_not_timed) {
    slots[3].end_ns = 0;
    EXPECT_NE(judged(right), "");
}

TEST_F(file_read_rule, sees_a_read_of_the_wrong_block) {
    std::vector<std::byte> block(4'096);
    auto const other = 1 - kernel::block_of(seed, 5, 2);
    kernel::payload(seed, 1 - other, block);
    auto wrong = right;
    wrong.checksum -= kernel::read_value(5, block);
    kernel::payload(seed, other, block);
    wrong.checksum += kernel::read_value(5, block);
    EXPECT_NE(judged(wrong), "");
}

TEST(file_read, refuses_blocks_that_do_not_fit) {
    auto const& rules = rules_for<file_read>();
    EXPECT_NE(rules.refuse({.block_bytes = 5'000, .file_bytes = 50'000}), "");
    EXPECT_NE(rules.refuse({.block_bytes = 8'192, .file_bytes = 12'288}), "");
    EXPECT_NE(rules.refuse({.reads = 1, .in_flight = 2}), "");
}

struct query_rule : testing::Test {
    query::params params{.queries = 4, .connections = 2, .statement = 0, .rows = 3};
    std::vector<latency_slot> slots{{10, 20}, {10, 30}, {20, 40}, {30, 50}};

    /// What the table would give, row by row.
    [[nodiscard]] query::outcome right() const {
        query::outcome sum;
        for (std::uint64_t i = 4; i-- > 0; ++sum.queries) {
            auto const row = kernel::block_of(seed, i, 3);
            auto const value = params.statement == 1 ? row : kernel::stored_value(seed, row);
            sum.checksum += kernel::mix(kernel::mix(i) ^ value);
        }
        return sum;
    }
    [[nodiscard]] std::string judged(query::outcome const& outcome) const {
        return check<query>(params, outcome, {.slots = slots, .client = {}});
    }
    [[nodiscard]] std::string asked(std::uint64_t transactions) const {
        return rules_for<query>().check_asked(params, 2, {transactions, 0});
    }
};

TEST_F(query_rule, accepts_the_right_answer_and_no_other) {
    EXPECT_EQ(judged(right()), "");
    EXPECT_NE(judged({3, right().checksum}), "");
    EXPECT_NE(judged({4, right().checksum + 1}), "");
    auto const looked_up = right();
    params.statement = 1;
    EXPECT_NE(judged(looked_up), "") << "a nap gives the row back, not its value";
}

TEST_F(query_rule, sees_a_nap_that_was_too_short_and_a_connection_too_many) {
    params.statement = 1;
    EXPECT_NE(judged(right()), "");
    for (auto& slot : slots) {
        slot.end_ns = slot.begin_ns + 10'000'000;
    }
    EXPECT_NE(judged(right()), "") << "four at once on two connections";
    slots[2].begin_ns = slots[3].begin_ns = slots[1].end_ns;
    slots[2].end_ns = slots[3].end_ns = slots[2].begin_ns + 10'000'000;
    EXPECT_EQ(judged(right()), "");
}

TEST_F(query_rule, compares_with_what_lies_in_the_table) {
    EXPECT_EQ(asked(0), "");
    EXPECT_NE(asked(1), "") << "a lookup changes nothing";
    params.statement = 2;
    EXPECT_EQ(asked(8), "");
    EXPECT_NE(asked(7), "");
}

struct mixed_rule : testing::Test {
    mixed::params params{
        .connections = 2, .messages = 10, .message_bytes = 64, .dear_percent = 20, .burn_us = 100};
    mixed::outcome right{.accepted = 2, .requests = 12, .dear = 3};
    oracle::served seen{.connections = 2, .bytes = 12 * 64, .dear = 3, .least_dear_ns = 100'000};

    [[nodiscard]] std::string judged(mixed::outcome const& outcome) const {
        return check<mixed>(params, outcome, {.slots = {}, .client = seen});
    }
};

TEST_F(mixed_rule, accepts_what_the_load_generator_verified) {
    EXPECT_EQ(judged(right), "");
    seen.dear = right.dear = 0;
    seen.least_dear_ns = 0;
    EXPECT_EQ(judged(right), "");
}

TEST_F(mixed_rule, sees_counts_that_are_off) {
    EXPECT_NE(judged({1, 12, 3}), "");
    EXPECT_NE(judged({2, 11, 3}), "");
    EXPECT_NE(judged({2, 12, 2}), "");
    seen.bytes = 9 * 64;
    EXPECT_NE(judged({2, 9, 3}), "") << "fewer than were asked for";
}

TEST_F(mixed_rule, sees_a_dear_request_that_was_not_burnt) {
    seen.least_dear_ns = 99'999;
    EXPECT_NE(judged(right), "");
}

TEST(spin, cannot_be_shorter_than_it_is) {
    spin::params const params{.spin_us = 10};
    EXPECT_EQ(check<spin>(params, {1}, {.slots = {}, .run_ns = 10'000, .client = {}}), "");
    EXPECT_NE(check<spin>(params, {1}, {.slots = {}, .run_ns = 9'999, .client = {}}), "");
    EXPECT_NE(check<spin>(params, {0}, {.slots = {}, .run_ns = 10'000, .client = {}}), "");
}

TEST(noop, is_one_call) {
    EXPECT_EQ(check<noop>({}, {1}), "");
    EXPECT_NE(check<noop>({}, {0}), "");
}

} // namespace
