// SPDX-License-Identifier: MIT
// Each variant of the fixture's worker does one thing wrong; it gets the verdict that a model in
// C++ would get for it.
#include "harness/samples.hpp"

#include <gmock/gmock.h>

namespace {

using testing::HasSubstr;

struct wrong_thing {
    char const* cell;
    char const* verdict;
    char const* part_of_reason;
    int exit_code;
    std::vector<std::string> flags = {};
};

void PrintTo(wrong_thing const& thing, std::ostream* out) { *out << thing.cell; }

class broken_worker : public testing::TestWithParam<wrong_thing> {};

TEST_P(broken_worker, gets_its_verdict) {
    auto const& thing = GetParam();
    auto const result = harness::measure("switchyard-fixture-worker", thing.cell, thing.flags);
    EXPECT_EQ(result.verdict(), thing.verdict) << result.how.err;
    EXPECT_THAT(result.reason(), HasSubstr(thing.part_of_reason)) << result.how.err;
    EXPECT_EQ(result.how.exit_code, thing.exit_code) << result.how.err;
}

INSTANTIATE_TEST_SUITE_P(
    answers, broken_worker,
    testing::Values(wrong_thing{"fetch_data/lies", "wrong", "sum", 1},
                    wrong_thing{"fetch_data/hurries", "wrong", "cannot take less", 1},
                    wrong_thing{"fetch_data/forgets_a_field", "crashed", "has no word sum=", 1},
                    wrong_thing{"fetch_data/counts_below_zero", "crashed", "no whole number", 1},
                    wrong_thing{"fetch_data/prints", "crashed", "'Hello' where 'ran' was due", 1},
                    wrong_thing{"fetch_data/looks", "ok", "", 0}));

INSTANTIATE_TEST_SUITE_P(
    ends, broken_worker,
    testing::Values(wrong_thing{"fetch_data/dies", "crashed", "killed by Segmentation fault", 1},
                    wrong_thing{"fetch_data/exits", "crashed", "the worker exited with 3", 1},
                    wrong_thing{"fetch_data/cannot_stop", "crashed", "to join", 1},
                    wrong_thing{"fetch_data/hangs", "timeout", "after 3 s", 1, {"--timeout", "3"}},
                    wrong_thing{"fetch_data/is_mute", "crashed", "without a verb", 1}));

INSTANTIATE_TEST_SUITE_P(
    refusals, broken_worker,
    testing::Values(wrong_thing{"fetch_data/declines", "declined", "these sizes", 0},
                    wrong_thing{"fetch_data/skips", "skipped", "apt-get install part", 0},
                    wrong_thing{"fetch_data/fails", "crashed", "to begin", 1}));

INSTANTIATE_TEST_SUITE_P(
    leaks, broken_worker,
    testing::Values(wrong_thing{"fetch_data/crowds", "over_budget", "threads and children", 1},
                    wrong_thing{"fetch_data/leaves_threads", "over_budget", "threads", 1},
                    wrong_thing{"fetch_data/leaves_a_child", "over_budget", "children", 1},
                    wrong_thing{"fetch_data/leaves_an_orphan", "over_budget", "children", 1},
                    wrong_thing{"fetch_data/leaves_sockets", "over_budget", "socket:", 1},
                    wrong_thing{"fetch_data/leaves_descriptors", "over_budget", "/dev/null", 1}));

/// Not after the load generator's time limit, of which three made a minute's silence each.
INSTANTIATE_TEST_SUITE_P(servers, broken_worker,
                         testing::Values(wrong_thing{"echo/accepts_nobody", "crashed",
                                                     "accepted none of 1 connections in 5 s", 1}));

TEST(broken_worker, the_honest_one_is_measured_as_any_model) {
    auto const result = harness::measure("switchyard-fixture-worker", "fetch_data/honest");
    EXPECT_EQ(result.verdict(), "ok") << result.reason();
    ASSERT_EQ(result.samples.size(), 4u) << "a warm-up and three iterations";
    auto const& sample = result.samples.back();
    EXPECT_EQ(sample["latency"]["count"], sample["units"]);
    EXPECT_EQ(sample["processes"], 1);
    EXPECT_EQ(sample["threads"], 1);
    EXPECT_TRUE(sample["allocations"].is_null());
    for (auto const* field : {"make_ns", "run_ns", "destroy_ns", "cpu_ns", "peak_rss_bytes",
                              "pss_bytes", "voluntary_switches"}) {
        EXPECT_GT(sample[field], 0) << field;
    }
}

TEST(broken_worker, leaves_no_process_behind) {
    harness::adopt_orphans();
    for (auto const* const cell : {"fetch_data/honest", "fetch_data/leaves_a_child",
                                   "fetch_data/leaves_an_orphan", "fetch_data/dies"}) {
        static_cast<void>(harness::measure("switchyard-fixture-worker", cell));
        EXPECT_THAT(harness::living_descendants(), testing::IsEmpty()) << cell;
    }
}

TEST(worker_in_c, written_from_the_page_alone_is_right) {
    for (auto const* const cell : {"hash_blocks", "echo", "waits"}) {
        auto const result = harness::measure("switchyard-fixture-plain_c", cell);
        EXPECT_EQ(result.verdict(), "ok") << cell << ": " << result.reason() << result.how.err;
    }
}

} // namespace
