// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace remote {

/// Notices a server that accepts nobody: the load generator waits for replies until its time limit,
/// and then knows only that none came. The kernel tells how many connections wait to be accepted,
/// so that no connection of the harness's own is needed.
class accept_watch {
public:
    /// `connections`: as many as the load generator opens at once, before it sends anything.
    accept_watch(int listen_fd, std::uint64_t connections,
                 std::chrono::milliseconds patience = std::chrono::seconds(5)) noexcept;

    /// Throws std::runtime_error if all connections have waited in the backlog at each of many
    /// looks, for longer than `patience`.
    void look();

private:
    using clock = std::chrono::steady_clock;

    /// A stopped machine lets time pass and no worker run.
    static constexpr unsigned least_looks = 30;

    int listen_fd_;
    std::uint64_t connections_;
    std::chrono::milliseconds patience_;
    clock::time_point since_ = {};
    unsigned looks_in_a_row_ = 0;
};

} // namespace remote
