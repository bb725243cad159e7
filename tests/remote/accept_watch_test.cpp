// SPDX-License-Identifier: MIT
#include "remote/accept_watch.hpp"

#include "proc/posix.hpp"
#include "rig/descriptors.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

namespace {

using namespace std::chrono_literals;

proc::unique_fd connected_to(std::uint16_t port) {
    proc::unique_fd peer(proc::checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    proc::checked(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                  "connect");
    return peer;
}

/// True if the watch gives up within this many looks, which take no time.
bool gives_up(remote::accept_watch& watch, int looks) {
    try {
        for (int i = 0; i < looks; ++i) {
            watch.look();
        }
    } catch (std::runtime_error const& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("accepted none of 2 connections"));
        return true;
    }
    return false;
}

} // namespace

TEST(accept_watch, gives_up_when_all_connections_wait_and_wait) {
    auto const listener = rig::make_listener();
    remote::accept_watch watch(listener.socket.get(), 2, 0ms);
    EXPECT_FALSE(gives_up(watch, 1'000)) << "nobody has come yet";
    std::vector<proc::unique_fd> peers;
    peers.push_back(connected_to(listener.port));
    EXPECT_FALSE(gives_up(watch, 1'000)) << "the other may still come";
    peers.push_back(connected_to(listener.port));
    EXPECT_FALSE(gives_up(watch, 10)) << "too few looks";
    EXPECT_TRUE(gives_up(watch, 1'000));
}

TEST(accept_watch, one_accepted_connection_is_enough) {
    auto const listener = rig::make_listener();
    remote::accept_watch watch(listener.socket.get(), 2, 0ms);
    auto const first = connected_to(listener.port);
    auto const second = connected_to(listener.port);
    proc::unique_fd const accepted(::accept(listener.socket.get(), nullptr, nullptr));
    ASSERT_NE(accepted.get(), -1);
    EXPECT_FALSE(gives_up(watch, 1'000));
}

TEST(accept_watch, a_short_wait_is_none) {
    auto const listener = rig::make_listener();
    remote::accept_watch watch(listener.socket.get(), 2, 1h);
    auto const first = connected_to(listener.port);
    auto const second = connected_to(listener.port);
    EXPECT_FALSE(gives_up(watch, 1'000));
}
