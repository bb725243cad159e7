// SPDX-License-Identifier: MIT
#pragma once

#include "agent/door.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace agent {

/// What the programs of an agent have in common.
struct house {
    std::uint32_t address = 0;  ///< on which databases listen
    std::string source_options; ///< "FIRST+COUNT": addresses that the load generator may use; or ""
};

/// One program, which has the agent's end of a control connection.
class session {
public:
    /// Starts it, and says so on the connection, or why not: then `pid()` is -1.
    session(house const& around, visitor who);
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// The connection while its end still has to be seen, else -1.
    [[nodiscard]] int watched() const noexcept { return ended_ ? -1 : connection_.get(); }
    /// The other end of the connection is closed. The load generator, which would not see it before
    /// its next edge, is killed. A database takes it as the word to stop.
    void peer_ended() noexcept;
    /// True once it has ended.
    [[nodiscard]] bool reap(bool wait) noexcept;

private:
    proc::unique_fd connection_;
    pid_t pid_ = -1;
    bool stops_by_itself_ = false;
    bool ended_ = false;
};

} // namespace agent
