// SPDX-License-Identifier: MIT
// Each fixture does one thing wrong; the harness must say which, in the sample and as exit code.
#include "samples.hpp"

#include <csignal>

namespace {

using harness::measure;
using testing::Test;

struct wrong_thing {
    char const* program;
    char const* cell;
    char const* verdict;
    char const* part_of_reason;
    int exit_code;
    std::vector<std::string> flags = {};
};

void PrintTo(wrong_thing const& thing, std::ostream* out) {
    *out << thing.program << " " << thing.cell;
}

class fixtures : public testing::TestWithParam<wrong_thing> {};

TEST_P(fixtures, get_their_verdict) {
    auto const& thing = GetParam();
    auto const result =
        measure(std::string("switchyard-fixture-") + thing.program, thing.cell, thing.flags);
    EXPECT_EQ(result.verdict(), thing.verdict) << result.how.err;
    EXPECT_NE(result.reason().find(thing.part_of_reason), std::string::npos) << result.reason();
    EXPECT_EQ(result.how.exit_code, thing.exit_code) << result.how.err;
}

INSTANTIATE_TEST_SUITE_P(
    liar, fixtures,
    testing::Values(wrong_thing{"liar", "hash_blocks/checksum", "wrong", "checksum", 1},
                    wrong_thing{"liar", "hash_blocks/count", "wrong", "blocks", 1},
                    wrong_thing{"liar", "waits/early", "wrong", "cannot take less", 1},
                    wrong_thing{"liar", "waits/one_by_one", "wrong",
                                "at most 1 of 32 were in progress", 1},
                    wrong_thing{"liar", "waits/unrecorded", "wrong", "never begun", 1},
                    wrong_thing{"liar", "fetch_data/sum", "wrong", "sum up to", 1},
                    wrong_thing{"liar", "echo/boasts", "wrong", "the model says that it sent", 1},
                    wrong_thing{"liar", "echo/garbles", "wrong", "", 1}));

INSTANTIATE_TEST_SUITE_P(
    crasher, fixtures,
    testing::Values(wrong_thing{"crasher", "hash_blocks/throws", "crashed", "fuse has blown", 1},
                    wrong_thing{"crasher", "hash_blocks/throws_number", "crashed", "threw", 1},
                    wrong_thing{"crasher", "hash_blocks/check", "crashed", "check failed", 1},
                    wrong_thing{"crasher", "hash_blocks/in_make", "crashed", "open: ", 1},
                    wrong_thing{"crasher", "hash_blocks/binary_text", "crashed", "UTF-8", 1},
                    wrong_thing{"crasher", "echo", "crashed", "the server gave up", 1},
                    wrong_thing{"crasher", "hash_blocks/declines", "declined", "not with me", 0},
                    wrong_thing{"crasher", "hash_blocks/skips", "skipped", "no such part", 0},
                    wrong_thing{"crasher", "waits", "declined", "no patience", 0}));

INSTANTIATE_TEST_SUITE_P(
    hanger, fixtures,
    testing::Values(
        wrong_thing{
            "hanger", "hash_blocks/in_make", "timeout", "after 0.2 s", 1, {"--timeout", "0.2"}},
        wrong_thing{
            "hanger", "hash_blocks/in_run", "timeout", "after 0.2 s", 1, {"--timeout", "0.2"}}));

INSTANTIATE_TEST_SUITE_P(
    leaker, fixtures,
    testing::Values(wrong_thing{"leaker", "hash_blocks/thread", "over_budget", "threads", 1},
                    wrong_thing{"leaker", "hash_blocks/child", "over_budget", "children", 1},
                    wrong_thing{"leaker", "hash_blocks/zombie", "over_budget", "children", 1},
                    wrong_thing{"leaker", "hash_blocks/descriptor", "over_budget", "/dev/null", 1},
                    wrong_thing{"leaker", "hash_blocks/socket_once", "over_budget", "socket:", 1},
                    wrong_thing{"leaker", "hash_blocks/once", "ok", "", 0}));

INSTANTIATE_TEST_SUITE_P(
    over_budget, fixtures,
    testing::Values(
        wrong_thing{"over_budget", "hash_blocks/threads", "over_budget", "3 threads", 1},
        wrong_thing{"over_budget", "hash_blocks/children", "over_budget", "3 threads", 1},
        wrong_thing{
            "over_budget", "hash_blocks/in_run", "over_budget", "3 threads", 1, {"--audit"}},
        wrong_thing{"over_budget", "hash_blocks/within", "ok", "", 0, {"--audit"}},
        wrong_thing{"over_budget", "hash_blocks/per_unit", "ok", "", 0, {"--audit"}}));

TEST(crasher, dies_by_its_signal_for_the_runner_to_record) {
    auto const result = measure("switchyard-fixture-crasher", "hash_blocks/signal");
    EXPECT_EQ(result.how.signal, SIGABRT);
    EXPECT_TRUE(result.samples.empty());
}

TEST(hanger, takes_its_children_along) {
    harness::adopt_orphans();
    auto const result =
        measure("switchyard-fixture-hanger", "hash_blocks/with_children", {"--timeout", "0.3"});
    EXPECT_EQ(result.verdict(), "timeout");
    EXPECT_EQ(result.how.exit_code, 1);
    EXPECT_TRUE(harness::living_descendants().empty());
    ASSERT_EQ(result.samples.size(), 1u);
    EXPECT_EQ(result.samples[0]["model"], "fixture-hanger");
    EXPECT_TRUE(result.samples[0]["run_ns"].is_null());
}

TEST(leaker, leaves_nobody_behind_when_the_process_has_ended) {
    harness::adopt_orphans();
    auto const result = measure("switchyard-fixture-leaker", "hash_blocks/child");
    EXPECT_EQ(result.verdict(), "over_budget");
    EXPECT_TRUE(harness::living_descendants().empty());
}

TEST(hanger, is_not_outlived_by_the_auditor) {
    auto const result =
        measure("switchyard-fixture-hanger", "hash_blocks/in_run", {"--timeout", "0.3", "--audit"});
    EXPECT_EQ(result.verdict(), "timeout");
}

TEST(leaker, has_all_its_samples_voided) {
    auto const result = measure("switchyard-fixture-leaker", "hash_blocks/descriptor",
                                {"--iterations", "2", "--warm-up", "1"});
    ASSERT_EQ(result.samples.size(), 3u);
    for (auto const& sample : result.samples) {
        EXPECT_EQ(sample["verdict"], "over_budget");
    }
}

} // namespace
