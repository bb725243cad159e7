// SPDX-License-Identifier: MIT
#pragma once

#include "program.hpp"

namespace toy {

/// What follows a reply.
enum class then { keep, close, half_close, reset };

/// Message `number` of connection `connection`, both from 0 in the order they came. Whatever is
/// left in `bytes` is sent back.
using behaviour =
    std::function<then(std::uint64_t connection, std::uint64_t number, std::string& bytes)>;

[[nodiscard]] then honest(std::uint64_t, std::uint64_t, std::string&);

/// An echo server in a forked child, which knows how long a message is and so can lie about one.
class server {
public:
    server(std::size_t message_bytes, behaviour const& how);
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

} // namespace toy
