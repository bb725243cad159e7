// SPDX-License-Identifier: MIT
#include "remote/accept_watch.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>

namespace remote {
namespace {

struct backlog {
    std::uint64_t waiting = 0;
    std::uint64_t most = 0;
};

/// Of a listening socket TCP_INFO has the queue of those not accepted yet in these two fields.
backlog read_backlog(int listen_fd) {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    if (::getsockopt(listen_fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == -1) return {};
    return {info.tcpi_unacked, info.tcpi_sacked};
}

} // namespace

accept_watch::accept_watch(int listen_fd, std::uint64_t connections,
                           std::chrono::milliseconds patience) noexcept
    : listen_fd_(listen_fd), connections_(connections), patience_(patience) {}

void accept_watch::look() {
    auto const [waiting, most] = read_backlog(listen_fd_);
    if (waiting == 0 || waiting < std::min(connections_, most)) {
        looks_in_a_row_ = 0;
        return;
    }
    if (looks_in_a_row_++ == 0) since_ = clock::now();
    if (looks_in_a_row_ < least_looks || clock::now() - since_ < patience_) return;
    throw std::runtime_error(
        fmt::format("the worker accepted none of {} connections in {} s; the listening descriptor "
                    "does not block: wait until it is readable, then accept "
                    "(docs/worker-protocol.md)",
                    connections_, std::chrono::duration<double>(patience_).count()));
}

} // namespace remote
