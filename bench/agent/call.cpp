// SPDX-License-Identifier: MIT
#include "agent/call.hpp"

#include "agent/line.hpp"
#include "facts/errors.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace agent {
namespace {

constexpr timeval patience{10, 0}; ///< until it answers
constexpr int silence_s = 5;       ///< until a connection counts as dead

void set(int fd, int level, int option, int value) noexcept {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

sockaddr_in parse_endpoint(std::string const& endpoint) {
    auto const colon = endpoint.rfind(':');
    if (colon == std::string::npos) {
        throw facts::usage_error(fmt::format("--agent: '{}' is not ADDRESS:PORT", endpoint));
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(parse_address("--agent", endpoint.substr(0, colon)));
    std::uint16_t port = 0;
    auto const* const end = endpoint.data() + endpoint.size();
    auto const read = std::from_chars(endpoint.data() + colon + 1, end, port);
    if (read.ec != std::errc() || read.ptr != end || port == 0) {
        throw facts::usage_error(fmt::format("--agent: '{}' has no port of 1 to 65535", endpoint));
    }
    to.sin_port = htons(port);
    return to;
}

[[noreturn]] void fail(std::string const& endpoint, std::string const& why) {
    throw unreachable(fmt::format("the agent of the load generator at {}: {}", endpoint, why));
}

} // namespace

std::uint32_t parse_address(std::string_view flag, std::string const& text) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) == 1) return ntohl(address.s_addr);
    throw facts::usage_error(fmt::format("{}: '{}' is no IPv4 address", flag, text));
}

std::string address_text(std::uint32_t address) {
    return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                       address & 255);
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

void watch_for_silence(int fd) noexcept {
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, silence_s * 1'000);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

control call(std::string const& endpoint, wish const& wanted) {
    auto const* const token = std::getenv(token_variable);
    if (token == nullptr || *token == '\0') {
        throw facts::usage_error(fmt::format("--agent needs its token in {}", token_variable));
    }
    auto const to = parse_endpoint(endpoint);
    proc::unique_fd open(proc::checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    ::setsockopt(open.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); // connect, too
    ::setsockopt(open.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    watch_for_silence(open.get());
    while (::connect(open.get(), reinterpret_cast<sockaddr const*>(&to), sizeof to) == -1) {
        if (errno == EINTR) continue;
        fail(endpoint, errno == EINPROGRESS ? "it does not answer" : std::strerror(errno));
    }
    nlohmann::json const request{
        {"schema", 1},         {"token", token},       {"program", wanted.program},
        {"cpus", wanted.cpus}, {"boot_id", boot_id()}, {"arguments", wanted.arguments}};
    listener lines(open.get());
    auto const answer = say(open.get(), request) ? lines.next() : nlohmann::json();
    if (answer.is_null()) fail(endpoint, "it closed the connection; another run may own it by now");
    if (!answer.value("started", false)) fail(endpoint, answer.value("refused", answer.dump()));
    timeval const for_ever{};
    ::setsockopt(open.get(), SOL_SOCKET, SO_SNDTIMEO, &for_ever, sizeof for_ever);
    ::setsockopt(open.get(), SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof for_ever);
    return {std::move(open), std::move(lines)};
}

} // namespace agent
