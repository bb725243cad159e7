// SPDX-License-Identifier: MIT
#include "client/connection.hpp"

#include "client/clock.hpp"
#include "client/load.hpp"
#include "kernel/http.hpp"
#include "kernel/random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace client {

namespace {

[[noreturn]] void fail_to_connect(std::uint16_t port, std::uint64_t number) {
    auto const error = errno;
    auto const* const next_step =
        error == ECONNREFUSED ? "nothing listens there: start the server first or correct --port"
        : error == EMFILE || error == ENFILE
            ? "raise the limit of descriptors (ulimit -n) or ask for fewer connections"
        : error == EADDRNOTAVAIL ? "the ephemeral ports are used up: wait for TIME_WAIT to pass, "
                                   "or widen net.ipv4.ip_local_port_range"
                                 : "";
    throw load_error(fmt::format("connection {} to 127.0.0.1:{}: {}{}{}", number, port,
                                 std::strerror(error), *next_step ? "; " : "", next_step));
}

/// Linux lets the send timeout bound connect, too: a full queue of a server that does not accept
/// would hold it for minutes.
void bound_connect(int fd, std::uint64_t deadline_ns) {
    auto const now = now_ns();
    auto const left_us = std::max<std::uint64_t>(
        1'000, deadline_ns > now ? (deadline_ns - now) / 1'000 : 0); // 0 is no bound
    timeval const left{static_cast<time_t>(left_us / 1'000'000),
                       static_cast<suseconds_t>(left_us % 1'000'000)};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
}

} // namespace

connection::connection(std::uint16_t port, std::uint64_t number, std::uint64_t seed,
                       std::uint64_t message_bytes, std::uint64_t deadline_ns)
    : port_(port), number_(number), seed_(seed), message_(message_bytes) {
    open(deadline_ns, INADDR_LOOPBACK);
}

void connection::open(std::uint64_t deadline_ns, std::uint32_t source) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) fail_to_connect(port_, number_);
    bound_connect(fd_, deadline_ns);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(source);
    int result = 0;
    if (source != INADDR_LOOPBACK) {
        int const later = 1; // the port is chosen by connect, which knows the peer
        ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
        result = ::bind(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address);
    }
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (result == 0) {
        do {
            result = ::connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address);
        } while (result < 0 && errno == EINTR);
    }
    if (result < 0) {
        auto const error = errno;
        ::close(std::exchange(fd_, -1));
        if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT) {
            throw connect_timeout(
                fmt::format("the server did not accept connection {} in time", number_));
        }
        errno = error;
        fail_to_connect(port_, number_);
    }
    int const on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

connection::connection(connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      stamped_(other.stamped_),
      renewed_(other.renewed_),
      number_(other.number_),
      seed_(other.seed_),
      dear_percent_(other.dear_percent_),
      pipeline_(other.pipeline_),
      body_(std::move(other.body_)),
      message_(std::move(other.message_)),
      reply_(std::move(other.reply_)) {}

connection::~connection() {
    if (fd_ >= 0) ::close(fd_);
}

bool connection::connect_anew(std::uint64_t deadline_ns) {
    if (fd_ >= 0) return false;
    constexpr std::uint32_t addresses = 64;
    open(deadline_ns, INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(sequence_ % addresses));
    return true;
}

void connection::speak_http(std::uint64_t pipeline, std::uint64_t body_bytes) {
    pipeline_ = pipeline;
    body_.resize(body_bytes);
    prepare_http();
}

void connection::prepare_http() {
    sent_ = 0;
    received_ = 0;
    // A GET is always the same.
    if (body_.empty() && !reply_.empty()) return;
    message_.clear();
    reply_.clear();
    auto const append = [](std::vector<std::byte>& to, std::string const& text) {
        auto const bytes = std::as_bytes(std::span(text));
        to.insert(to.end(), bytes.begin(), bytes.end());
    };
    for (std::uint64_t i = 0; i < pipeline_; ++i) {
        kernel::payload(seed_, number_ << 32 | sequence_++, body_);
        std::string_view const body(reinterpret_cast<char const*>(body_.data()), body_.size());
        append(message_, kernel::http_request(body));
        append(reply_, kernel::http_reply(body));
    }
}

void connection::prepare_stamped() {
    constexpr std::size_t page = 4'096;
    if (sequence_ == 0) kernel::payload(seed_, number_, message_);
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= message_.size(); at += page) {
        auto const value = kernel::mix(seed_ ^ (number_ << 32 | sequence_) ^ at << 20);
        std::memcpy(message_.data() + at, &value, sizeof value);
    }
    ++sequence_;
    sent_ = 0;
    received_ = 0;
}

void connection::prepare_next() {
    if (renewed_ && used_) {
        ::close(std::exchange(fd_, -1));
        used_ = write_failed_ = peer_ended_ = false;
    }
    fill_in_next();
}

void connection::fill_in_next() {
    if (pipeline_ != 0) return prepare_http();
    if (stamped_) return prepare_stamped();
    kernel::payload(seed_, number_ << 32 | sequence_, message_);
    if (dear_percent_) {
        // Evenly spaced from a random start, so that equal stretches of a load are equally dear.
        auto const place = sequence_ + kernel::mix(seed_ + number_) % 100;
        dear_ = place * *dear_percent_ % 100 < *dear_percent_;
        message_.front() = std::byte{dear_};
    }
    ++sequence_;
    sent_ = 0;
    received_ = 0;
}

void connection::send_prepared() {
    busy_ = used_ = true;
    send_rest();
}

void connection::send_rest() {
    while (sent_ < message_.size()) {
        auto const bytes =
            ::send(fd_, message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL);
        if (bytes < 0) {
            if (errno == EINTR) continue;
            // A dead connection is told by the next receive, once and in one place.
            if (errno != EAGAIN) write_failed_ = true;
            return;
        }
        sent_ += static_cast<std::size_t>(bytes);
    }
}

connection::progress connection::receive(bool peer_ended) {
    peer_ended_ = peer_ended_ || peer_ended;
    std::array<std::byte, 65'536> buffer;
    while (true) {
        auto const wanted =
            busy_ ? std::min(buffer.size(), expected().size() - received_ + 1) : buffer.size();
        auto const bytes = ::recv(fd_, buffer.data(), wanted, 0);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0 && errno == EAGAIN) return write_failed_ ? progress::closed : progress::waits;
        if (bytes <= 0) return progress::closed;
        auto const got = static_cast<std::size_t>(bytes);
        // No echo comes before its message; replies of HTTP may come while later requests leave.
        auto const most_now = pipeline_ == 0 ? sent_ : sent_ == 0 ? 0 : reply_.size();
        if (!busy_ || received_ + got > most_now ||
            std::memcmp(buffer.data(), expected().data() + received_, got) != 0) {
            return progress::mismatched;
        }
        received_ += got;
        if (received_ == expected().size()) {
            busy_ = false;
            return progress::complete;
        }
        // A short read emptied the socket: the next one would only say EAGAIN, or that the stream
        // has ended, of which no further event tells.
        if (got < wanted && !peer_ended_) return progress::waits;
    }
}

} // namespace client
