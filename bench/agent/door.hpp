// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cstdint>
#include <list>
#include <nlohmann/json.hpp>
#include <optional>
#include <poll.h>
#include <string>
#include <vector>

namespace agent {

/// Who has shown the token, and what it asks for.
struct visitor {
    proc::unique_fd connection;
    nlohmann::json request;
};

/// The one socket on which the agent listens. A stranger has five seconds and one line to show the
/// token; without it the connection is closed and nothing is said.
class door {
public:
    /// Bound to a port of the kernel's choice on `address`. Throws std::system_error.
    door(std::uint32_t address, std::string token);

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// Adds what is to be polled: the socket, and the strangers.
    void watch(std::vector<pollfd>& all) const;
    /// Until the first stranger has to go; -1: there is none.
    [[nodiscard]] int patience_ms() const;
    /// Lets in who has shown the token.
    [[nodiscard]] std::vector<visitor> look(std::vector<pollfd> const& seen);

private:
    struct stranger {
        proc::unique_fd connection;
        std::string said;
        std::uint64_t until_ns = 0;
        std::string from;
    };

    void let_knock();
    /// Reads what there is. False: it has to go.
    [[nodiscard]] static bool hear(stranger& who);
    [[nodiscard]] bool knows(std::string const& shown) const noexcept;

    std::string token_;
    proc::unique_fd socket_;
    std::uint16_t port_ = 0;
    std::list<stranger> strangers_;
};

} // namespace agent
