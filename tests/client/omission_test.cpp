// SPDX-License-Identifier: MIT
// Coordinated omission: a server that stalls delays all who would have asked meanwhile, not only
// the one whose message it held.

#include "histogram/histogram.hpp"
#include "toy_server.hpp"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>

namespace {

constexpr std::size_t message_bytes = 64;
constexpr std::uint64_t messages = 1'000;
constexpr std::uint64_t slow_ns = 50'000'000;
constexpr std::chrono::milliseconds stall{300};

histogram::histogram decode(nlohmann::json const& latency) {
    return histogram::histogram::decode_base64(latency["hdr"].get<std::string>());
}

std::uint64_t slow(histogram::histogram const& of) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < of.counts().size(); ++i) {
        if (histogram::histogram::lowest_of(i) >= slow_ns) sum += of.counts()[i];
    }
    return sum;
}

class a_stalled_server : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(a_stalled_server, delays_all_who_would_have_asked_meanwhile) {
    auto const connections = GetParam();
    std::uint64_t served = 0;
    // The server stops itself amid the load; the test continues it after the stall.
    toy::server const server(message_bytes, [served](auto, auto, auto&) mutable {
        if (++served == 300) ::raise(SIGSTOP);
        return toy::then::keep;
    });
    toy::program client("switchyard-client",
                        {"echo", "--port", std::to_string(server.port()), "--connections",
                         std::to_string(connections), "--messages", std::to_string(messages),
                         "--rate-per-s", "1000"});
    ASSERT_EQ(::waitpid(server.pid(), nullptr, WUNTRACED), server.pid());
    std::this_thread::sleep_for(stall);
    ::kill(server.pid(), SIGCONT);
    auto const ended = client.wait();
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    auto const report = nlohmann::json::parse(ended.out);
    ASSERT_EQ(report["received"], messages);

    auto const corrected = decode(report["latency"]);
    auto const service = decode(report["service"]);
    ASSERT_EQ(corrected.count(), messages);
    ASSERT_EQ(service.count(), messages);
    // Of the 300 messages that were due in the stall the first 50 waited 250 ms and more.
    EXPECT_GE(corrected.max(), 299'000'000u);
    EXPECT_GE(corrected.value_at(0.99), 250'000'000u);
    EXPECT_GE(slow(corrected), 240u);
    // The messages in the server's hands were slow, and no others.
    EXPECT_GE(slow(service), 1u);
    EXPECT_LE(slow(service), slow(corrected) / 10);
    EXPECT_LT(service.value_at(0.97), slow_ns);
}

INSTANTIATE_TEST_SUITE_P(omission, a_stalled_server, ::testing::Values(1, 8));

} // namespace
