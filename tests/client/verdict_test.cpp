// SPDX-License-Identifier: MIT
// The load generator against servers that do one thing wrong each.

#include "kernel/random.hpp"
#include "toy_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <gtest/gtest.h>
#include <span>
#include <thread>

namespace {

using toy::then;

constexpr std::size_t message_bytes = 64;

toy::client_end run(toy::behaviour const& how, std::uint64_t connections, std::uint64_t messages,
                    std::vector<std::string> flags = {}) {
    toy::server const server(message_bytes, how);
    flags.insert(flags.end(), {"--connections", std::to_string(connections), "--messages",
                               std::to_string(messages)});
    return toy::run_client(server.port(), flags);
}

/// All replies came and were right. Whether the machine was quiet enough is not asked here: the
/// verdict may say `rig_limited` or `unstable`, which the exit code tells from a failure.
void expect_complete(toy::client_end const& ended, std::uint64_t messages, std::size_t bytes) {
    ASSERT_EQ(ended.process.exit_code, 0) << ended.process.err << ended.process.out;
    auto const& report = ended.report;
    EXPECT_EQ(report["sent"], messages);
    EXPECT_EQ(report["received"], messages);
    EXPECT_EQ(report["errors"], 0);
    EXPECT_EQ(report["mismatched"], 0);
    EXPECT_EQ(report["bytes_sent"], messages * bytes);
    EXPECT_EQ(report["bytes_received"], messages * bytes);
    EXPECT_EQ(report["latency"]["count"], messages);
    EXPECT_EQ(report["service"]["count"], messages);
    for (auto const* const guard : {"sent_received", "every_connection"}) {
        EXPECT_TRUE(report["guards"][guard]["ok"].get<bool>()) << guard;
    }
}

void expect_failure(toy::client_end const& ended, char const* verdict, char const* explanation) {
    EXPECT_EQ(ended.process.exit_code, 1) << ended.process.err;
    ASSERT_TRUE(ended.report.is_object()) << ended.process.err;
    EXPECT_EQ(ended.report["verdict"], verdict) << ended.report["reason"];
    auto const reason = ended.report["reason"].get<std::string>();
    EXPECT_NE(reason.find(explanation), std::string::npos) << reason;
}

TEST(client_verdict, is_ok_for_a_server_with_time_to_spare) {
    // A reply takes so long that neither the generator's share nor its own delays count. A machine
    // that is busy elsewhere can still stretch a window: one sound window of five suffices.
    toy::client_end ended;
    for (int i = 0; i < 5; ++i) {
        ended = run(
            [](auto, auto, auto&) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
                return then::keep;
            },
            1, 20);
        expect_complete(ended, 20, message_bytes);
        if (ended.report["verdict"] == "ok") break;
    }
    EXPECT_EQ(ended.report["verdict"], "ok") << ended.report["reason"];
    EXPECT_EQ(ended.report["reason"], "");
}

TEST(client_verdict, a_closed_loop_completes) {
    for (std::uint64_t const connections : {1u, 8u}) {
        auto const ended = run(toy::honest, connections, 2'000, {"--warm-up", "100"});
        expect_complete(ended, 2'000, message_bytes);
        EXPECT_EQ(ended.report["warm_up_bytes"], 100 * message_bytes);
        EXPECT_EQ(ended.report["fairness"]["served"], connections);
        EXPECT_EQ(ended.report["latency"], ended.report["service"]);
        EXPECT_EQ(ended.report["send_lag"]["count"], 0);
    }
}

TEST(client_verdict, an_open_loop_completes) {
    for (auto const& extra : {std::vector<std::string>{}, {"--poisson"}}) {
        std::vector<std::string> flags{"--rate-per-s", "5000"};
        flags.insert(flags.end(), extra.begin(), extra.end());
        auto const ended = run(toy::honest, 4, 1'000, flags);
        expect_complete(ended, 1'000, message_bytes);
        EXPECT_EQ(ended.report["send_lag"]["count"], 1'000);
        // Arrivals are 200 us apart: the last 50 us before each are waited for awake.
        EXPECT_GT(ended.report["client"]["awake_ns"], 0);
        EXPECT_EQ(ended.report["fairness"]["served"], 4);
    }
}

TEST(client_verdict, messages_of_every_size_complete) {
    // 65'536 is the generator's read buffer; 1'048'576 does not fit a socket's.
    for (std::size_t const bytes : {1u, 65'535u, 65'536u, 65'537u, 1'048'576u}) {
        toy::server const server(bytes, toy::honest);
        auto const ended =
            toy::run_client(server.port(), {"--connections", "2", "--messages", "20",
                                            "--message-bytes", std::to_string(bytes)});
        SCOPED_TRACE(bytes);
        expect_complete(ended, 20, bytes);
    }
}

TEST(client_verdict, more_connections_than_messages_complete) {
    expect_complete(run(toy::honest, 16, 3), 3, message_bytes);
}

TEST(client_verdict, an_odd_number_of_messages_has_halves) {
    auto const ended = run(toy::honest, 1, 2'001);
    expect_complete(ended, 2'001, message_bytes);
    EXPECT_FALSE(ended.report["guards"]["stationary"]["value"].is_null());
}

TEST(client_verdict, messages_carry_the_payload_of_the_protocol) {
    auto const check = [](std::uint64_t connection, std::uint64_t number, std::string& bytes) {
        std::array<std::byte, message_bytes> expected;
        kernel::payload(9, connection << 32 | number, expected);
        if (!std::ranges::equal(std::as_bytes(std::span(bytes)), expected)) bytes[0] ^= 1;
        return then::keep;
    };
    expect_complete(run(check, 4, 400, {"--seed", "9", "--warm-up", "20"}), 400, message_bytes);
    expect_failure(run(check, 4, 400, {"--seed", "10"}), "wrong", "wrong or surplus byte");
}

TEST(client_verdict, the_server_s_clocks_are_read) {
    toy::server const server(message_bytes, toy::honest);
    auto const ended = toy::run_client(
        server.port(), {"--messages", "2000", "--server-pid", std::to_string(server.pid())});
    expect_complete(ended, 2'000, message_bytes);
    auto const& seen = ended.report["server"];
    EXPECT_GT(seen["cpu_ns"].get<std::uint64_t>(), 0u);
    EXPECT_GT(seen["busiest_thread_ns"].get<std::uint64_t>(), 0u);
    EXPECT_GT(seen["rss_bytes"].get<std::uint64_t>(), 0u);
    EXPECT_EQ(seen["processes"], 1);
    EXPECT_EQ(seen["threads"], 1);
    EXPECT_EQ(seen["user_ns"].get<std::uint64_t>() + seen["system_ns"].get<std::uint64_t>(),
              seen["cpu_ns"].get<std::uint64_t>());
}

TEST(client_verdict, a_flipped_byte_is_wrong) {
    for (std::size_t const position : {std::size_t{0}, message_bytes / 2, message_bytes - 1}) {
        auto const flip = [position](auto, std::uint64_t number, std::string& bytes) {
            if (number == 5) bytes[position] ^= 1;
            return then::keep;
        };
        auto const ended = run(flip, 1, 100);
        expect_failure(ended, "wrong", "after 5 replies");
        EXPECT_EQ(ended.report["mismatched"], 1);
        EXPECT_EQ(ended.report["received"], 5);
        expect_failure(run(flip, 1, 100, {"--rate-per-s", "5000"}), "wrong", "after 5 replies");
        expect_failure(run(flip, 1, 100, {"--warm-up", "20"}), "wrong", "wrong or surplus");
    }
}

TEST(client_verdict, replies_of_other_messages_are_wrong) {
    std::string first;
    auto const stale = [first](auto, std::uint64_t number, std::string& bytes) mutable {
        if (number == 0) first = bytes;
        bytes = first;
        return then::keep;
    };
    expect_failure(run(stale, 1, 100), "wrong", "after 1 replies");
}

TEST(client_verdict, a_surplus_byte_is_wrong) {
    for (std::uint64_t const number_of_surplus : {5u, 99u}) { // within, and behind the last reply
        auto const add = [=](auto, std::uint64_t number, std::string& bytes) {
            if (number == number_of_surplus) bytes += '!';
            return then::keep;
        };
        auto const ended = run(add, 1, 100);
        expect_failure(ended, "wrong", "surplus byte");
        EXPECT_EQ(ended.report["mismatched"], 1);
    }
}

TEST(client_verdict, a_missing_byte_times_out) {
    auto const cut = [](auto, std::uint64_t number, std::string& bytes) {
        if (number == 5) bytes.pop_back();
        return then::keep;
    };
    auto const ended = run(cut, 1, 100, {"--timeout", "1"});
    expect_failure(ended, "timeout", "5 of 100 replies");
}

TEST(client_verdict, a_server_that_leaves_has_crashed) {
    for (auto const how : {then::close, then::half_close, then::reset}) {
        auto const leave = [how](auto, std::uint64_t number, std::string&) {
            return number == 9 ? how : then::keep;
        };
        auto const quiet = [how](auto, std::uint64_t number, std::string& bytes) {
            if (number == 9) bytes.clear();
            return number == 9 ? how : then::keep;
        };
        SCOPED_TRACE(static_cast<int>(how));
        // A reset may overtake the reply before it.
        if (how != then::reset)
            expect_failure(run(leave, 1, 100, {"--timeout", "5"}), "crashed", "after 10 replies");
        auto const ended = run(quiet, 1, 100);
        expect_failure(ended, "crashed", "after 9 replies");
        EXPECT_EQ(ended.report["errors"], 1);
        EXPECT_EQ(ended.report["received"], 9);
        expect_failure(run(quiet, 2, 100, {"--rate-per-s", "5000"}), "crashed", "closed");
        expect_failure(run(quiet, 1, 100, {"--warm-up", "20"}), "crashed", "closed");
    }
}

TEST(client_verdict, the_end_of_the_stream_within_a_reply_has_crashed) {
    auto const cut = [](auto, std::uint64_t number, std::string& bytes) {
        if (number == 9) bytes.pop_back();
        return number == 9 ? then::half_close : then::keep;
    };
    expect_failure(run(cut, 1, 100, {"--timeout", "5"}), "crashed", "after 9 replies");
}

TEST(client_verdict, a_server_that_never_answers_times_out_with_a_report) {
    auto const silent = [](auto, auto, std::string& bytes) {
        bytes.clear();
        return then::keep;
    };
    auto const ended = run(silent, 4, 100, {"--timeout", "1"});
    expect_failure(ended, "timeout", "0 of 100 replies");
    EXPECT_EQ(ended.report["sent"], 4);
    EXPECT_EQ(ended.report["received"], 0);
    EXPECT_EQ(ended.report["fairness"]["served"], 0);
    expect_failure(run(silent, 1, 100, {"--timeout", "1", "--rate-per-s", "1000"}), "timeout",
                   "within 1 s");
    expect_failure(run(silent, 1, 100, {"--timeout", "1", "--warm-up", "5"}), "timeout",
                   "within 1 s");
}

TEST(client_verdict, a_server_that_serves_only_some_times_out_and_the_report_names_them) {
    auto const choosy = [](std::uint64_t connection, auto, std::string& bytes) {
        if (connection >= 3) bytes.clear();
        return then::keep;
    };
    auto const ended = run(choosy, 4, 100, {"--timeout", "1"});
    expect_failure(ended, "timeout", "99 of 100 replies, 3 of 4 connections served");
    EXPECT_EQ(ended.report["fairness"]["served"], 3);
    EXPECT_EQ(ended.report["fairness"]["least"], 0);
    EXPECT_FALSE(ended.report["guards"]["every_connection"]["ok"].get<bool>());
}

TEST(client_verdict, a_server_that_never_accepts_times_out_with_a_report) {
    auto const deaf = toy::listen_on_loopback(0);
    auto const ended =
        toy::run_client(deaf.port, {"--connections", "8", "--messages", "8", "--timeout", "1"});
    expect_failure(ended, "timeout", "did not accept connection");
}

TEST(client_verdict, a_rate_that_cannot_be_held_is_overloaded) {
    // 1000 a second at most; the backlog passes its limit long before the load ends.
    auto const ended = run(
        [](auto, auto, auto&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return then::keep;
        },
        1, 1'000'000, {"--rate-per-s", "100000"});
    EXPECT_EQ(ended.process.exit_code, 0) << ended.process.err;
    EXPECT_EQ(ended.report["verdict"], "overloaded");
    EXPECT_LT(ended.report["sent"].get<std::uint64_t>(), 1'000'000u);
}

} // namespace
