// SPDX-License-Identifier: MIT
// The load generator's two other ways to use an echo server: `accept` and `pump`.

#include "toy_server.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace {

using toy::then;

/// Garbles what is not the first message of its connection.
then first_message_only(std::uint64_t, std::uint64_t number, std::string& bytes) {
    if (number != 0) bytes.front() = static_cast<char>(bytes.front() ^ 1);
    return then::keep;
}

toy::client_end drive(char const* workload, std::size_t message_bytes, toy::behaviour const& how,
                      std::string const& connections, std::string const& messages) {
    toy::server const server(message_bytes, how);
    return toy::run_client(server.port(),
                           {"--connections", connections, "--messages", messages, "--message-bytes",
                            std::to_string(message_bytes)},
                           workload);
}

TEST(accept_load, has_a_connection_for_each_message) {
    auto const ended = drive("accept", 64, first_message_only, "2", "150");
    ASSERT_EQ(ended.process.exit_code, 0) << ended.process.err << ended.process.out;
    EXPECT_EQ(ended.report["received"], 150);
    EXPECT_EQ(ended.report["mismatched"], 0);
    EXPECT_EQ(ended.report["latency"]["count"], 150);
    EXPECT_EQ(drive("echo", 64, first_message_only, "2", "150").process.exit_code, 1)
        << "else the server above tells nothing";
}

TEST(accept_load, tells_a_server_that_closes_without_an_answer) {
    auto const ended = drive(
        "accept", 64,
        [](std::uint64_t connection, std::uint64_t, std::string& bytes) {
            if (connection < 5) return then::keep;
            bytes.clear();
            return then::close;
        },
        "1", "10");
    EXPECT_EQ(ended.process.exit_code, 1);
    EXPECT_EQ(ended.report["received"], 5);
}

TEST(accept_load, does_not_mind_a_server_that_closes_first) {
    auto const close_after_reply = [](std::uint64_t, std::uint64_t, std::string&) {
        return then::half_close;
    };
    auto const ended = drive("accept", 64, close_after_reply, "1", "20");
    EXPECT_EQ(ended.process.exit_code, 0) << ended.process.out;
    EXPECT_EQ(ended.report["received"], 20);
}

TEST(pump_load, tells_a_message_that_came_again) {
    constexpr std::size_t bytes = 65'536;
    auto const honest = drive("pump", bytes, toy::honest, "2", "6");
    ASSERT_EQ(honest.process.exit_code, 0) << honest.process.err << honest.process.out;
    EXPECT_EQ(honest.report["bytes_received"], 6 * bytes);
    auto const lying = drive(
        "pump", bytes,
        [first = std::string()](std::uint64_t, std::uint64_t number, std::string& message) mutable {
            if (number == 0) first = message;
            message = first;
            return then::keep;
        },
        "1", "6");
    EXPECT_EQ(lying.process.exit_code, 1);
    EXPECT_EQ(lying.report["verdict"], "wrong");
    EXPECT_EQ(lying.report["received"], 1);
}

TEST(pump_load, tells_a_page_of_another_place) {
    constexpr std::size_t bytes = 65'536;
    auto const swapped = drive(
        "pump", bytes,
        [](std::uint64_t, std::uint64_t, std::string& message) {
            std::swap_ranges(message.begin(), message.begin() + 4'096, message.begin() + 4'096);
            return then::keep;
        },
        "1", "1");
    EXPECT_EQ(swapped.process.exit_code, 1);
}

} // namespace
