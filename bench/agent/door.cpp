// SPDX-License-Identifier: MIT
#include "agent/door.hpp"

#include "agent/call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace agent {
namespace {

constexpr std::size_t most_strangers = 16; // the one that waits longest makes room
constexpr std::uint64_t patience_ns = 5'000'000'000;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void note(std::string const& from, char const* why) {
    fmt::print(stderr, "switchyard-agent: nobody let in from {}: {}\n", from, why);
}

} // namespace

door::door(std::uint32_t address, std::string token)
    : token_(std::move(token)),
      socket_(proc::checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                            "socket")) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(address);
    socklen_t bytes = sizeof own;
    auto* const general = reinterpret_cast<sockaddr*>(&own);
    proc::checked(::bind(socket_.get(), general, bytes), "bind");
    proc::checked(::listen(socket_.get(), 16), "listen");
    proc::checked(::getsockname(socket_.get(), general, &bytes), "getsockname");
    port_ = ntohs(own.sin_port);
}

void door::watch(std::vector<pollfd>& all) const {
    all.push_back({socket_.get(), POLLIN, 0});
    for (auto const& who : strangers_) {
        all.push_back({who.connection.get(), POLLIN, 0});
    }
}

int door::patience_ms() const {
    if (strangers_.empty()) return -1;
    auto const now = now_ns();
    auto const until = strangers_.front().until_ns; // they came in this order
    return until <= now ? 0 : static_cast<int>((until - now) / 1'000'000 + 1);
}

std::vector<visitor> door::look(std::vector<pollfd> const& seen) {
    auto const is_ready = [&](int fd) {
        return std::any_of(seen.begin(), seen.end(),
                           [&](auto const& one) { return one.fd == fd && one.revents != 0; });
    };
    std::vector<visitor> found;
    for (auto who = strangers_.begin(); who != strangers_.end();) {
        auto stays = now_ns() < who->until_ns;
        if (!stays) note(who->from, "it showed no token in time");
        if (stays && is_ready(who->connection.get())) stays = hear(*who);
        if (auto const end = who->said.find('\n'); stays && end != std::string::npos) {
            auto request = nlohmann::json::parse(who->said.substr(0, end), nullptr, false);
            auto const shown =
                request.is_object() && request.contains("token") && request["token"].is_string()
                    ? request["token"].get<std::string>()
                    : std::string();
            if (knows(shown)) {
                found.push_back({std::move(who->connection), std::move(request)});
            } else {
                note(who->from, "a wrong token");
            }
            stays = false;
        }
        who = stays ? std::next(who) : strangers_.erase(who);
    }
    if (is_ready(socket_.get())) let_knock();
    return found;
}

void door::let_knock() {
    sockaddr_in from{};
    socklen_t bytes = sizeof from;
    proc::unique_fd connection(
        ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &bytes, SOCK_CLOEXEC));
    if (connection.get() == -1) return;
    watch_for_silence(connection.get());
    if (strangers_.size() == most_strangers) {
        note(strangers_.front().from, "too many wait at the door");
        strangers_.pop_front();
    }
    strangers_.push_back({std::move(connection),
                          {},
                          now_ns() + patience_ns,
                          address_text(ntohl(from.sin_addr.s_addr))});
}

bool door::hear(stranger& who) {
    std::array<char, 4096> some;
    auto const bytes = ::recv(who.connection.get(), some.data(), some.size(), MSG_DONTWAIT);
    if (bytes < 0) return errno == EINTR || errno == EAGAIN;
    if (bytes == 0) return false;
    who.said.append(some.data(), static_cast<std::size_t>(bytes));
    return who.said.size() <= most_request_bytes;
}

bool door::knows(std::string const& shown) const noexcept {
    if (shown.size() != token_.size() || token_.empty()) return false;
    // Every byte is looked at: how long it takes tells nothing of the token.
    unsigned differences = 0;
    for (std::size_t i = 0; i < token_.size(); ++i) {
        differences |= static_cast<unsigned char>(shown[i] ^ token_[i]);
    }
    return differences == 0;
}

} // namespace agent
