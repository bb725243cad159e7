// SPDX-License-Identifier: MIT
// What is left of a pipeline on disk must be right, all of it and nothing else.
#include "kernel/hash.hpp"
#include "kernel/picture.hpp"
#include "oracle/all.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace {

using contract::pipeline;

constexpr std::uint64_t seed = 5;

struct pipeline_rule : testing::Test {
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "pipeline-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        kernel::pictures const pictures(seed, params.side);
        for (auto i = params.items; i-- > 0;) {
            auto const file = kernel::thumbnailer(params.side, params.thumbnail_side)(pictures[i]);
            write(i, {reinterpret_cast<char const*>(file.data()), file.size()});
            ++right.items;
            right.written_bytes += file.size();
            right.checksum += kernel::hash(i, file);
        }
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    void write(std::uint64_t i, std::string const& bytes) const {
        std::ofstream(kernel::thumbnail_path(folder, i), std::ios::binary) << bytes;
    }
    [[nodiscard]] std::string judged(pipeline::outcome const& outcome) const {
        auto const& rules = oracle::rules_for<pipeline>();
        return rules.check(params, seed, rules.expected(params, seed), outcome,
                           {.slots = slots, .client = {}, .output_folder = folder});
    }

    pipeline::params params{
        .items = 4, .in_flight = 2, .delay_us = 1, .side = 16, .thumbnail_side = 4};
    std::vector<contract::latency_slot> slots{
        {1'000, 2'000}, {1'000, 3'000}, {2'000, 4'000}, {3'000, 5'000}};
    std::string folder;
    pipeline::outcome right;
};

TEST_F(pipeline_rule, accepts_the_right_answer_and_no_other) {
    EXPECT_EQ(judged(right), "");
    EXPECT_NE(judged({right.items - 1, right.written_bytes, right.checksum}), "");
    EXPECT_NE(judged({right.items, right.written_bytes + 1, right.checksum}), "");
    EXPECT_NE(judged({right.items, right.written_bytes, right.checksum + 1}), "");
}

TEST_F(pipeline_rule, sees_a_file_that_is_missing) {
    std::filesystem::remove(kernel::thumbnail_path(folder, 2));
    EXPECT_NE(judged(right).find("2.ppm has not been written"), std::string::npos);
}

TEST_F(pipeline_rule, sees_a_file_that_is_wrong_or_cut) {
    write(1, std::string(59, 'x'));
    EXPECT_NE(judged(right), "");
    write(1, "");
    EXPECT_NE(judged(right), "");
}

TEST_F(pipeline_rule, sees_files_that_are_exchanged) {
    auto const one = kernel::thumbnail_path(folder, 1);
    auto const two = kernel::thumbnail_path(folder, 2);
    std::filesystem::rename(one, folder + "/kept");
    std::filesystem::rename(two, one);
    std::filesystem::rename(folder + "/kept", two);
    EXPECT_NE(judged(right), "");
}

TEST_F(pipeline_rule, sees_a_file_too_many) {
    write(4, "");
    EXPECT_NE(judged(right).find("5 files for 4 items"), std::string::npos);
}

TEST_F(pipeline_rule, sees_more_items_under_way_than_are_allowed) {
    --slots[2].begin_ns;
    EXPECT_NE(judged(right), "");
}

TEST_F(pipeline_rule, sees_an_item_that_was_done_before_the_backend_answered) {
    slots[3].end_ns = slots[3].begin_ns + 999;
    EXPECT_NE(judged(right), "");
}

TEST_F(pipeline_rule, knows_what_the_backend_must_have_seen) {
    auto const& rules = oracle::rules_for<pipeline>();
    EXPECT_EQ(rules.check_asked(params, 3, {.requests = 12, .most_in_flight = 2}), "");
    EXPECT_NE(rules.check_asked(params, 3, {.requests = 11, .most_in_flight = 2}), "");
    EXPECT_NE(rules.check_asked(params, 3, {.requests = 12, .most_in_flight = 3}), "");
}

} // namespace
