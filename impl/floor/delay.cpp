// SPDX-License-Identifier: MIT
// The loop of `echo`, with messages cut to length. All requests wait equally long, so that a queue
// in the order of their arrival is in the order of their deadlines: no heap, and one epoll_pwait2
// waits for sockets and for the first of them. A connection whose request waits is not read.
#include "cells.hpp"
#include "kernel/frames.hpp"
#include "posix.hpp"

#include <array>
#include <deque>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

namespace floor_model {
namespace {

using contract::delay;

struct connection {
    unique_fd socket;
    kernel::frames frames;
    std::span<std::byte const> waiting{}; ///< the request that waits, if any
    bool drained = true;                  ///< as far as the last read could tell
    bool hung_up = false;                 ///< end of file comes unannounced
};

class epoll_server final : public contract::session<delay> {
public:
    epoll_server(delay::params const& params, delay::environment const& environment)
        : message_bytes_(params.message_bytes),
          delay_ns_(params.delay_us * 1'000),
          listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd) {
        watch(listen_fd_, EPOLLIN | EPOLLET);
        watch(stop_fd_, EPOLLIN);
    }

    delay::outcome run(contract::probe&) override {
        for (bool stopped = false; !stopped;) {
            std::array<epoll_event, 256> events;
            for (auto const& event : wait(events)) {
                if (event.data.fd == stop_fd_) {
                    stopped = true;
                } else if (event.data.fd == listen_fd_) {
                    accept_all();
                } else {
                    auto& c = *connections_[std::size_t(event.data.fd)];
                    c.hung_up |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
                    c.drained = false;
                    serve(c);
                }
            }
            answer_due();
            if (lacks_descriptors_) accept_all();
        }
        connections_.clear();
        return outcome_;
    }

private:
    struct timer {
        std::uint64_t deadline_ns;
        connection* of; ///< which is not closed while its request waits
    };

    std::span<epoll_event> wait(std::array<epoll_event, 256>& events) {
        auto patience_ns = ~std::uint64_t{0};
        if (lacks_descriptors_) patience_ns = accept_again_after_ms * 1'000'000u;
        if (!timers_.empty()) {
            auto const now_ns = monotonic_ns();
            auto const due_ns = timers_.front().deadline_ns;
            patience_ns = std::min(patience_ns, due_ns > now_ns ? due_ns - now_ns : 0);
        }
        timespec const timeout{time_t(patience_ns / 1'000'000'000u),
                               long(patience_ns % 1'000'000'000u)};
        auto const for_ever = patience_ns == ~std::uint64_t{0};
        int count = ::epoll_pwait2(epoll_.get(), events.data(), int(events.size()),
                                   for_ever ? nullptr : &timeout, nullptr);
        if (count == -1 && (errno == ENOSYS || errno == EPERM)) {
            count = ::epoll_wait(epoll_.get(), events.data(), int(events.size()),
                                 for_ever ? -1 : int((patience_ns + 999'999) / 1'000'000));
        }
        if (count == -1 && errno != EINTR) throw_errno("epoll_pwait2");
        return std::span(events.data(), count < 0 ? 0u : unsigned(count));
    }

    void answer_due() {
        if (timers_.empty()) return;
        auto const now_ns = monotonic_ns();
        while (!timers_.empty() && timers_.front().deadline_ns <= now_ns) {
            auto& c = *timers_.front().of;
            timers_.pop_front();
            if (answer(c, std::exchange(c.waiting, {}))) serve(c);
        }
    }

    void watch(int fd, std::uint32_t mask) {
        epoll_event event{.events = mask, .data = {.fd = fd}};
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        lacks_descriptors_ = false;
        for (;;) {
            unique_fd socket(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!socket) {
                if (errno == EAGAIN) return;
                if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
                if (!out_of_descriptors(errno)) throw_errno("accept");
                lacks_descriptors_ = true;
                return;
            }
            ++outcome_.accepted;
            auto const fd = std::size_t(socket.get());
            int const on = 1;
            // Fails only for a peer that has reset meanwhile; the first read will tell.
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= fd) connections_.resize(fd + 1);
            connections_[fd] = std::make_unique<connection>(
                connection{std::move(socket), kernel::frames(message_bytes_)});
            watch(int(fd), EPOLLIN | EPOLLRDHUP | EPOLLET);
        }
    }

    /// Until the socket is drained, closed, or a request waits.
    void serve(connection& c) {
        if (!c.socket || !c.waiting.empty()) return;
        for (;;) {
            c.waiting = c.frames.next();
            if (!c.waiting.empty()) {
                timers_.push_back({monotonic_ns() + delay_ns_, &c});
                return;
            }
            if (c.drained && !c.hung_up) return;
            auto const room = c.frames.room();
            auto const received = ::recv(c.socket.get(), room.data(), room.size(), 0);
            if (received == -1 && errno == EINTR) continue;
            if (received == -1 && errno == EAGAIN) {
                c.drained = true;
                c.hung_up = false;
                return;
            }
            if (received <= 0) return c.socket.close();
            c.frames.received(std::size_t(received));
            c.drained = std::size_t(received) < room.size();
        }
    }

    bool answer(connection& c, std::span<std::byte const> message) {
        auto const sent = ::send(c.socket.get(), message.data(), message.size(), MSG_NOSIGNAL);
        if (sent == ssize_t(message.size())) {
            ++outcome_.requests;
            return true;
        }
        c.socket.close();
        return false;
    }

    std::size_t message_bytes_;
    std::uint64_t delay_ns_;
    int listen_fd_;
    int stop_fd_;
    bool lacks_descriptors_ = false; ///< accept is tried again a little later
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::vector<std::unique_ptr<connection>> connections_; ///< by descriptor
    std::deque<timer> timers_;                             ///< the first is due first
    delay::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay(delay::params const& params,
                                                     delay::environment const& environment) {
    return std::make_unique<epoll_server>(params, environment);
}

} // namespace floor_model
