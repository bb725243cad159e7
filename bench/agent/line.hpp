// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What is said on a control connection: one JSON object a line.
namespace agent {

/// Writes it whole. False if the other side is gone.
[[nodiscard]] bool say(int fd, nlohmann::json const& message);

/// Reads lines from a descriptor.
class listener {
public:
    explicit listener(int fd) noexcept : fd_(fd) {}

    /// Blocks. Null at the end of the stream, after an error, and for a line that is no object.
    [[nodiscard]] nlohmann::json next();

private:
    int fd_;
    std::string unread_;
};

} // namespace agent
