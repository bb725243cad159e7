// SPDX-License-Identifier: MIT
// The exchange that all HTTP servers share, fed as peers do: whole, in single bytes, many at once,
// and with what is no HTTP.
#include "kernel/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <ostream>

namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct exchange : testing::Test {
    void SetUp() override {
        if (auto const why = kernel::why_no_http(); !why.empty()) GTEST_SKIP() << why;
    }
    std::string say(std::string_view text) {
        http.receive(std::as_bytes(std::span(text)));
        auto const bytes = http.unsent();
        std::string said(reinterpret_cast<char const*>(bytes.data()), bytes.size());
        http.sent(bytes.size());
        return said;
    }
    std::string say_byte_by_byte(std::string_view text) {
        std::string said;
        for (std::size_t i = 0; i < text.size(); ++i) {
            said += say(text.substr(i, 1));
        }
        return said;
    }
    kernel::http_exchange http;
};

TEST_F(exchange, answers_get_and_post) {
    EXPECT_EQ(say(kernel::http_request("")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
              "Hello, world!");
    EXPECT_EQ(say(kernel::http_request("abc")),
              "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n"
              "\r\nabc");
    EXPECT_EQ(http.requests(), 2u);
    EXPECT_FALSE(http.over());
}

TEST_F(exchange, answers_pipelined_requests_in_order_however_they_are_cut) {
    std::string asked;
    std::string right;
    for (auto const* const body : {"one", "", "two", "three", ""}) {
        asked += kernel::http_request(body);
        right += kernel::http_reply(body);
    }
    EXPECT_EQ(say(asked), right);
    EXPECT_EQ(say_byte_by_byte(asked), right);
    for (std::size_t cut = 1; cut < asked.size(); ++cut) {
        auto const first = say(std::string_view(asked).substr(0, cut));
        EXPECT_EQ(first + say(std::string_view(asked).substr(cut)), right) << cut;
    }
    EXPECT_FALSE(http.over());
}

TEST_F(exchange, keeps_what_the_socket_did_not_take) {
    http.receive(std::as_bytes(std::span(std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))));
    auto const whole = http.unsent().size();
    http.sent(10);
    EXPECT_EQ(http.unsent().size(), whole - 10);
    http.sent(whole - 10);
    EXPECT_TRUE(http.unsent().empty());
}

TEST_F(exchange, takes_chunks_and_says_continue) {
    EXPECT_THAT(say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                HasSubstr("Content-Length: 5\r\n\r\nabcde"));
    EXPECT_EQ(
        say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
        "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(say("x"), kernel::http_reply("x"));
}

TEST_F(exchange, ends_where_the_peer_wants_no_more) {
    EXPECT_THAT(
        say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + kernel::http_request("")),
        HasSubstr("Connection: close"));
    EXPECT_TRUE(http.over());
    EXPECT_EQ(http.requests(), 1u);
    EXPECT_EQ(say(kernel::http_request("")), "") << "after the end";
}

TEST_F(exchange, keeps_an_old_connection_alive_when_asked) {
    EXPECT_THAT(say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                HasSubstr("Connection: keep-alive"));
    EXPECT_FALSE(http.over());
    EXPECT_THAT(say("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close"));
    EXPECT_TRUE(http.over());
}

struct refusal {
    std::string said;
    char const* status;
};
/// The name of the test: what is said, without what a name cannot hold.
void PrintTo(refusal const& given, std::ostream* out) {
    for (auto const c : given.said.substr(0, 60)) {
        *out << (std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : ' ');
    }
}

struct refused : exchange, testing::WithParamInterface<refusal> {};

TEST_P(refused, and_nothing_more_is_answered) {
    EXPECT_THAT(say(GetParam().said), StartsWith(GetParam().status));
    EXPECT_TRUE(http.over());
    EXPECT_EQ(http.requests(), 0u);
    EXPECT_EQ(say(kernel::http_request("")), "");
}

INSTANTIATE_TEST_SUITE_P(
    bad_input, refused,
    testing::Values(
        refusal{"\x16\x03\x01 no HTTP at all\r\n\r\n", "HTTP/1.1 400 "},
        refusal{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "}, // no Host
        refusal{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
        refusal{"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 "},
        refusal{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "HTTP/1.1 413 "},
        refusal{"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9'000, 'x'), "HTTP/1.1 431 "}));

} // namespace
