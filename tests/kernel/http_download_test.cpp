// SPDX-License-Identifier: MIT
// The client's end of a download, fed as servers do: whole, cut anywhere, and with what is no right
// reply.
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <stdexcept>

namespace {

struct download : testing::Test {
    void SetUp() override {
        if (auto const why = kernel::why_no_http(); !why.empty()) GTEST_SKIP() << why;
    }
    /// As many receives as it takes when a socket has `most` bytes at a time.
    bool receive(std::string_view bytes, std::size_t most) {
        auto complete = false;
        while (!bytes.empty()) {
            auto const room = under_test.room();
            EXPECT_FALSE(room.empty());
            auto const count = std::min({bytes.size(), room.size(), most});
            std::memcpy(room.data(), bytes.data(), count);
            bytes.remove_prefix(count);
            complete = under_test.received(count);
            EXPECT_EQ(complete, bytes.empty());
        }
        return complete;
    }
    [[nodiscard]] std::string body() const {
        return {reinterpret_cast<char const*>(under_test.body().data()), under_test.body().size()};
    }

    std::string right = "sixteen bytes it";
    std::string reply = kernel::http_reply_header(right.size()) + right;
    kernel::http_download under_test{right.size()};
};

TEST_F(download, brings_the_body_however_it_is_cut) {
    for (std::size_t most = 1; most <= reply.size(); ++most) {
        EXPECT_TRUE(receive(reply, most)) << most;
        EXPECT_EQ(body(), right) << most;
    }
}

TEST_F(download, understands_another_servers_header) {
    EXPECT_TRUE(receive("HTTP/1.1 200 Fine\r\nserver: x\r\ncontent-length:16\r\n\r\n" + right, 7));
    EXPECT_EQ(body(), right);
}

TEST_F(download, refuses_what_is_no_right_reply) {
    for (std::string const& wrong :
         {std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 16\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\n\r\n"), std::string("no HTTP at all\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nx: " + std::string(8'192, 'x'), reply + "!"}) {
        kernel::http_download fresh(right.size());
        auto const receive_all = [&] {
            for (std::string_view rest = wrong; !rest.empty();) {
                auto const room = fresh.room();
                auto const count = std::min(rest.size(), room.size());
                std::memcpy(room.data(), rest.data(), count);
                rest.remove_prefix(count);
                if (fresh.received(count)) return;
            }
        };
        EXPECT_THROW(receive_all(), std::runtime_error) << wrong.substr(0, 60);
    }
}

} // namespace
