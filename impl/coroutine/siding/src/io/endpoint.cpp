// SPDX-License-Identifier: MIT
#include "siding/io/endpoint.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/errors.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace siding {

namespace {

template <class Address>
Address as(endpoint const& of) noexcept {
    Address copy;
    std::memcpy(&copy, of.data(), sizeof copy);
    return copy;
}

template <class Ask>
std::optional<endpoint> ask(int fd, Ask ask_kernel) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    if (ask_kernel(fd, address, &length) != 0) return std::nullopt;
    return endpoint(address, length);
}

} // namespace

endpoint::endpoint(sockaddr const* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof storage_)) {
    std::memcpy(&storage_, address, length_);
}

endpoint endpoint::ip(std::string const& host, std::uint16_t port) {
    auto const* const number = detail::c_string(host, "host");
    sockaddr_in four{};
    if (::inet_pton(AF_INET, number, &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        return {reinterpret_cast<sockaddr const*>(&four), sizeof four};
    }
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET6, number, &six.sin6_addr) != 1) {
        throw value_error("not a numeric address: " + host);
    }
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return {reinterpret_cast<sockaddr const*>(&six), sizeof six};
}

endpoint endpoint::path(std::string_view name) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    bool const abstract = !name.empty() && name.front() == '\0';
    if (!abstract) detail::expect_no_null(name, "path");
    // A path needs room for its terminator; an abstract name ends where the length says.
    if (name.empty() || name.size() + (abstract ? 0 : 1) > sizeof local.sun_path) {
        throw value_error("AF_UNIX path too long or empty");
    }
    std::memcpy(local.sun_path, name.data(), name.size());
    auto const length = offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1);
    return {reinterpret_cast<sockaddr const*>(&local), static_cast<socklen_t>(length)};
}

std::optional<endpoint> endpoint::local_of(int fd) { return ask(fd, ::getsockname); }
std::optional<endpoint> endpoint::peer_of(int fd) { return ask(fd, ::getpeername); }

std::string endpoint::host() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        auto const four = as<sockaddr_in>(*this);
        return ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    }
    if (family() == AF_INET6) {
        auto const six = as<sockaddr_in6>(*this);
        return ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    }
    constexpr auto start = offsetof(sockaddr_un, sun_path);
    if (family() != AF_UNIX || length_ <= start) return {};
    auto const local = as<sockaddr_un>(*this);
    auto const length = std::min<std::size_t>(length_ - start, sizeof local.sun_path);
    if (local.sun_path[0] == '\0') return {local.sun_path, length};
    return {local.sun_path, ::strnlen(local.sun_path, length)};
}

std::uint16_t endpoint::port() const noexcept {
    if (family() == AF_INET) return ntohs(as<sockaddr_in>(*this).sin_port);
    if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(*this).sin6_port);
    return 0;
}

bool operator==(endpoint const& a, endpoint const& b) noexcept {
    return a.length_ == b.length_ && std::memcmp(&a.storage_, &b.storage_, a.length_) == 0;
}

} // namespace siding
