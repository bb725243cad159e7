// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siding {

/// The address of a socket: IPv4, IPv6 or a path. A value; no call blocks.
class endpoint {
public:
    endpoint() = default;
    endpoint(sockaddr const* address, socklen_t length);

    /// A numeric IPv4 or IPv6 host. Throws value_error for anything else.
    [[nodiscard]] static endpoint ip(std::string const& host, std::uint16_t port);
    /// A path, or an abstract name if it begins with '\0'. Throws value_error if it is too long.
    [[nodiscard]] static endpoint path(std::string_view name);
    /// Of the two ends of a socket; nullopt if it has none (any more).
    [[nodiscard]] static std::optional<endpoint> local_of(int fd);
    [[nodiscard]] static std::optional<endpoint> peer_of(int fd);

    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    [[nodiscard]] sockaddr const* data() const noexcept {
        return reinterpret_cast<sockaddr const*>(&storage_);
    }
    [[nodiscard]] socklen_t size() const noexcept { return length_; }
    /// The number of the host, or the path.
    [[nodiscard]] std::string host() const;
    /// 0 for a path.
    [[nodiscard]] std::uint16_t port() const noexcept;
    friend bool operator==(endpoint const& a, endpoint const& b) noexcept;

private:
    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

} // namespace siding
