// SPDX-License-Identifier: MIT
// Requests that compute: the load generator marks them, counts them and keeps their latency apart.

#include "toy_server.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <thread>

namespace {

using namespace std::chrono_literals;
using toy::then;

constexpr std::size_t message_bytes = 64;

toy::client_end run(toy::behaviour const& how, std::vector<std::string> const& flags) {
    toy::server const server(message_bytes, how);
    return toy::run_client(server.port(), flags, "mixed");
}

TEST(mixed_load, keeps_the_latency_of_dear_requests_apart) {
    auto const ended = run(
        [](auto, auto, std::string& bytes) {
            if (bytes.front() == 1) std::this_thread::sleep_for(2ms);
            return then::keep;
        },
        {"--connections", "1", "--messages", "400", "--warm-up", "100", "--dear-percent", "5"});
    ASSERT_EQ(ended.process.exit_code, 0) << ended.process.err;
    auto const& report = ended.report;
    EXPECT_EQ(report["received"], 400);
    EXPECT_EQ(report["dear"]["requests"], 25) << "the warm-up counts: the server counts it, too";
    EXPECT_EQ(report["dear"]["latency"]["count"], 20);
    EXPECT_EQ(report["latency"]["count"], 380);
    EXPECT_EQ(report["service"]["count"], 400);
    EXPECT_GE(report["dear"]["least_ns"], 2'000'000);
    EXPECT_GE(report["dear"]["latency"]["min_ns"], report["dear"]["least_ns"]);
    EXPECT_LT(report["latency"]["min_ns"], 2'000'000);
}

TEST(mixed_load, marks_all_or_none_where_that_is_asked_for) {
    for (auto const* const percent : {"0", "100"}) {
        auto const ended =
            run(toy::honest, {"--connections", "3", "--messages", "60", "--dear-percent", percent});
        ASSERT_EQ(ended.process.exit_code, 0) << ended.process.err;
        auto const dear = percent == std::string("100") ? 60 : 0;
        EXPECT_EQ(ended.report["dear"]["requests"], dear);
        EXPECT_EQ(ended.report["latency"]["count"], 60 - dear);
    }
}

TEST(mixed_load, verifies_the_mark_like_every_other_byte) {
    auto const ended = run(
        [](auto, auto number, std::string& bytes) {
            if (number == 7) bytes.front() = static_cast<char>(bytes.front() ^ 1);
            return then::keep;
        },
        {"--connections", "1", "--messages", "60", "--dear-percent", "50"});
    EXPECT_EQ(ended.process.exit_code, 1);
    EXPECT_EQ(ended.report["verdict"], "wrong") << ended.report["reason"];
}

TEST(mixed_load, needs_a_share) {
    auto const ended = toy::run_client(1, {"--connections", "1", "--messages", "1"}, "mixed");
    EXPECT_EQ(ended.process.exit_code, 64);
    EXPECT_NE(ended.process.err.find("--dear-percent"), std::string::npos);
}

} // namespace
