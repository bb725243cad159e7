// SPDX-License-Identifier: MIT
// The delayed server: what it answers, when, and what it says of itself.

#include "kernel/http.hpp"
#include "kernel/picture.hpp"
#include "kernel/random.hpp"
#include "program.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t seed = 9;

std::string request(std::uint64_t index) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) {
        bytes += static_cast<char>(index >> (8 * i) & 0xff);
    }
    return bytes;
}

std::string response(std::uint64_t index, std::size_t bytes) {
    std::string text(bytes, '\0');
    kernel::payload(seed, index, std::as_writable_bytes(std::span(text)));
    return text;
}

void write_all(int fd, std::string const& bytes) {
    ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

/// Shorter only if the connection ended.
std::string read_exactly(int fd, std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        auto const part = ::recv(fd, text.data() + have, bytes - have, 0);
        if (part <= 0) break;
        have += static_cast<std::size_t>(part);
    }
    text.resize(have);
    return text;
}

class backend : public ::testing::Test {
protected:
    void start(std::chrono::microseconds delay, std::size_t response_bytes) {
        start("fetch", delay, "--response-bytes", response_bytes);
    }
    void start(char const* service, std::chrono::microseconds delay, char const* size_option,
               std::size_t size, std::vector<std::string> const& more = {}) {
        listener_ = toy::listen_on_loopback(); // blocking: the backend must not rely on the flag
        stop_ = toy::make_pipe();
        std::vector<std::string> arguments{service,
                                           "--delay-us",
                                           std::to_string(delay.count()),
                                           size_option,
                                           std::to_string(size),
                                           "--seed",
                                           std::to_string(seed),
                                           "--listen-fd",
                                           std::to_string(listener_.socket.get()),
                                           "--stop-fd",
                                           std::to_string(stop_.read.get())};
        arguments.insert(arguments.end(), more.begin(), more.end());
        program_.emplace("switchyard-backend", arguments);
        listener_.socket.reset();
    }
    [[nodiscard]] proc::unique_fd connect() const { return toy::connect_to(listener_.port); }

    /// Its report.
    nlohmann::json stop() {
        stop_.write.reset();
        auto const ended = program_->wait();
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        EXPECT_EQ(ended.err, "");
        return nlohmann::json::parse(ended.out);
    }

private:
    toy::listening listener_;
    toy::pipe_ends stop_;
    std::optional<toy::program> program_;
};

TEST_F(backend, answers_the_payload_and_never_early) {
    constexpr std::chrono::milliseconds delay{20};
    start(delay, 100);
    auto const client = connect();
    for (std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
        auto const sent = steady_clock::now();
        write_all(client.get(), request(index));
        EXPECT_EQ(read_exactly(client.get(), 100), response(index, 100));
        EXPECT_GE(steady_clock::now() - sent, delay);
    }
    auto const report = stop();
    EXPECT_EQ(report["schema"], 1);
    EXPECT_EQ(report["requests"], 3);
    EXPECT_EQ(report["connections"], 1);
    EXPECT_EQ(report["most_in_flight"], 1);
    EXPECT_EQ(report["late_ns"]["count"], 3);
}

TEST_F(backend, of_a_gateway_answers_slow_questions_late_unless_they_are_asked_again) {
    start("gateway", std::chrono::milliseconds(1), "--answer-bytes", 20,
          {"--backends", "2", "--slow-us", "1000000", "--slow-every", "3"});
    auto const client = connect();
    auto const slow = std::uint64_t{2}; // the third message: backend 0 is slow
    auto const other = std::uint64_t{1} << 56 | slow;
    auto const again = std::uint64_t{1} << 63 | slow;
    auto const answer = [](std::uint64_t tag) { return request(tag) + response(tag, 20); };
    write_all(client.get(), request(slow) + request(other));
    EXPECT_EQ(read_exactly(client.get(), 28), answer(other));
    write_all(client.get(), request(again));
    EXPECT_EQ(read_exactly(client.get(), 28), answer(slow)) << "with the tag of the question";
    EXPECT_EQ(read_exactly(client.get(), 28), answer(slow)) << "the late one";
    write_all(client.get(), request(slow) + request(other)); // and it is not asked again
    EXPECT_EQ(read_exactly(client.get(), 28), answer(other));
    auto const questions = stop()["questions"];
    EXPECT_EQ(questions["first"], 4);
    EXPECT_EQ(questions["again"], 1);
    EXPECT_EQ(questions["slow"], 2);
    EXPECT_EQ(questions["slow_again"], 1);
}

TEST_F(backend, answers_pipelined_requests_in_order_and_counts_them_in_flight) {
    start(std::chrono::milliseconds(20), 50);
    auto const client = connect();
    for (auto const count : {8u, 3u}) {
        std::string requests;
        std::string responses;
        for (std::uint64_t i = 0; i < count; ++i) {
            requests += request(i);
            responses += response(i, 50);
        }
        write_all(client.get(), requests);
        EXPECT_EQ(read_exactly(client.get(), responses.size()), responses);
    }
    auto const report = stop();
    EXPECT_EQ(report["requests"], 11);
    EXPECT_EQ(report["most_in_flight"], 8);
}

TEST_F(backend, counts_in_flight_over_all_connections) {
    start(std::chrono::milliseconds(500), 10);
    std::vector<proc::unique_fd> clients;
    for (std::uint64_t i = 0; i < 5; ++i) {
        clients.push_back(connect());
        write_all(clients.back().get(), request(i));
    }
    for (std::uint64_t i = 0; i < 5; ++i) {
        EXPECT_EQ(read_exactly(clients[i].get(), 10), response(i, 10));
    }
    auto const report = stop();
    EXPECT_EQ(report["connections"], 5);
    EXPECT_EQ(report["most_in_flight"], 5);
}

TEST_F(backend, puts_a_request_together_byte_by_byte) {
    start(std::chrono::microseconds(0), 10);
    auto const client = connect();
    int const on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (auto const byte : request(0x0102030405060708)) {
        write_all(client.get(), std::string(1, byte));
    }
    EXPECT_EQ(read_exactly(client.get(), 10), response(0x0102030405060708, 10));
    // A request and a half, then the rest.
    auto const third = request(3);
    write_all(client.get(), request(2) + third.substr(0, 4));
    EXPECT_EQ(read_exactly(client.get(), 10), response(2, 10));
    write_all(client.get(), third.substr(4));
    EXPECT_EQ(read_exactly(client.get(), 10), response(3, 10));
    EXPECT_EQ(stop()["requests"], 3);
}

TEST_F(backend, answers_more_than_a_socket_holds) {
    constexpr std::size_t bytes = 16'777'216;
    start(std::chrono::microseconds(0), bytes);
    auto const client = connect();
    write_all(client.get(), request(1) + request(2));
    EXPECT_TRUE(read_exactly(client.get(), bytes) == response(1, bytes));
    EXPECT_TRUE(read_exactly(client.get(), bytes) == response(2, bytes));
    EXPECT_EQ(stop()["requests"], 2);
}

TEST_F(backend, answers_a_client_that_has_closed_its_side) {
    start(std::chrono::milliseconds(20), 10);
    auto const client = connect();
    write_all(client.get(), request(1) + request(2));
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(read_exactly(client.get(), 20), response(1, 10) + response(2, 10));
    // And then it closes its own.
    EXPECT_EQ(read_exactly(client.get(), 1), "");
    EXPECT_EQ(stop()["requests"], 2);
}

TEST_F(backend, is_not_disturbed_by_a_client_that_resets) {
    start(std::chrono::milliseconds(20), 10);
    auto const steady = connect();
    auto rude = connect();
    // In one piece: with the first answer here, all four have been read.
    write_all(rude.get(), request(1) + request(2) + request(3) + request(4));
    EXPECT_EQ(read_exactly(rude.get(), 10), response(1, 10));
    linger const at_once{1, 0};
    ::setsockopt(rude.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    rude.reset();
    for (std::uint64_t i = 5; i < 9; ++i) {
        write_all(steady.get(), request(i));
        EXPECT_EQ(read_exactly(steady.get(), 10), response(i, 10));
    }
    auto const report = stop();
    EXPECT_EQ(report["requests"], 8);
    EXPECT_EQ(report["connections"], 2);
}

TEST_F(backend, stops_with_requests_under_way) {
    start(std::chrono::seconds(10), 10);
    auto const client = connect();
    write_all(client.get(), request(1));
    auto const report = stop(); // by the end of the pipe
    EXPECT_EQ(report["most_in_flight"], report["requests"]);
    EXPECT_EQ(report["late_ns"]["count"], 0);
    EXPECT_EQ(read_exactly(client.get(), 1), "");
}

TEST_F(backend, reports_without_any_request) {
    start(std::chrono::microseconds(0), 1);
    auto const report = stop();
    EXPECT_EQ(report["requests"], 0);
    EXPECT_EQ(report["connections"], 0);
    EXPECT_EQ(report["most_in_flight"], 0);
}

/// The whole answer to GET /`number`.
std::string picture_answer(kernel::pictures const& pictures, std::uint64_t number) {
    auto const picture = pictures[number];
    return kernel::http_reply_header(picture.size()) +
           std::string(reinterpret_cast<char const*>(picture.data()), picture.size());
}

TEST_F(backend, answers_pictures_over_http_never_early_and_however_the_request_is_cut) {
    constexpr std::chrono::milliseconds delay{20};
    constexpr std::uint64_t side = 300; // more than a socket takes at once
    start("pictures", delay, "--side", side);
    kernel::pictures const pictures(seed, side);
    auto const client = connect();
    auto const sent = steady_clock::now();
    auto const third = kernel::http_get(12'345);
    write_all(client.get(), kernel::http_get(0) + kernel::http_get(7) + third.substr(0, 3));
    for (auto const number : {0u, 7u}) {
        auto const right = picture_answer(pictures, number);
        EXPECT_TRUE(read_exactly(client.get(), right.size()) == right) << number;
    }
    EXPECT_GE(steady_clock::now() - sent, delay);
    write_all(client.get(), third.substr(3));
    auto const right = picture_answer(pictures, 12'345);
    EXPECT_TRUE(read_exactly(client.get(), right.size()) == right);
    auto const report = stop();
    EXPECT_EQ(report["requests"], 3);
    EXPECT_EQ(report["most_in_flight"], 2);
}

TEST_F(backend, drops_who_asks_for_no_picture_and_serves_the_others) {
    start("pictures", std::chrono::microseconds(0), "--side", 8);
    kernel::pictures const pictures(seed, 8);
    for (std::string const& rude :
         {std::string("POST /1 HTTP/1.1\r\n\r\n"), std::string("GET /one HTTP/1.1\r\n\r\n"),
          std::string("GET\r\n\r\n"), std::string(5'000, 'x')}) {
        auto const client = connect();
        write_all(client.get(), rude);
        EXPECT_EQ(read_exactly(client.get(), 1), "") << rude.substr(0, 20);
    }
    auto const client = connect();
    write_all(client.get(), kernel::http_get(1));
    auto const right = picture_answer(pictures, 1);
    EXPECT_EQ(read_exactly(client.get(), right.size()), right);
    EXPECT_EQ(stop()["requests"], 1);
}

TEST(backend_options, usage_errors_exit_64_and_a_bad_descriptor_4) {
    for (auto const& arguments : std::vector<std::vector<std::string>>{
             {},
             {"fetch"},
             {"fetch", "--listen-fd", "3"},
             {"fetch", "--listen-fd", "3", "--stop-fd", "4", "--delay-us", "-1"},
             {"fetch", "--listen-fd", "3", "--stop-fd", "4", "--response-bytes", "0"},
             {"pictures", "--listen-fd", "3", "--stop-fd", "4", "--response-bytes", "1"},
             {"pictures", "--listen-fd", "3", "--stop-fd", "4", "--side", "0"}}) {
        EXPECT_EQ(toy::program("switchyard-backend", arguments).wait().exit_code, 64)
            << ::testing::PrintToString(arguments);
    }
    auto const ended =
        toy::program("switchyard-backend", {"fetch", "--listen-fd", "998", "--stop-fd", "999"})
            .wait();
    EXPECT_EQ(ended.exit_code, 4);
    EXPECT_NE(ended.err.find("Bad file descriptor"), std::string::npos) << ended.err;
}

} // namespace
