// SPDX-License-Identifier: MIT
// The loop of `echo`, with messages cut to length. With `offload`, `workers` threads take expensive
// requests from a queue under one lock, burn, and put the connection on a list; an eventfd tells
// the loop, which answers. A connection whose request is burning is not read.
#include "cells.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "posix.hpp"

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace floor_model {
namespace {

using contract::mixed;

struct connection {
    unique_fd socket;
    kernel::frames frames;
    std::span<std::byte const> burning{}; ///< the request that a thread has, if any
    bool drained = true;                  ///< as far as the last read could tell
    bool hung_up = false;                 ///< end of file comes unannounced
};

/// Threads that burn for connections. `take_done` and `submit` belong to the loop.
class burners {
public:
    burners(unsigned threads, std::chrono::microseconds length) : length_(length) {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this](std::stop_token const& stop) { work(stop); });
        }
    }

    [[nodiscard]] int done_fd() const noexcept { return done_fd_.get(); }

    void submit(connection& c) {
        {
            std::lock_guard const lock(mutex_);
            queue_.push_back(&c);
        }
        arrived_.notify_one();
    }

    std::vector<connection*> take_done() {
        std::lock_guard const lock(mutex_);
        return std::exchange(done_, {});
    }

private:
    void work(std::stop_token const& stop) {
        std::unique_lock lock(mutex_);
        while (arrived_.wait(lock, stop, [this] { return next_ != queue_.size(); })) {
            auto* const c = queue_[next_++];
            if (next_ == queue_.size()) {
                queue_.clear();
                next_ = 0;
            }
            lock.unlock();
            kernel::burn(length_);
            lock.lock();
            done_.push_back(c);
            // Edge-triggered in the loop's epoll: never read back.
            ::eventfd_write(done_fd_.get(), 1);
        }
    }

    std::chrono::microseconds length_;
    unique_fd done_fd_{checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")};
    std::mutex mutex_;
    std::condition_variable_any arrived_;
    std::vector<connection*> queue_;
    std::size_t next_ = 0;
    std::vector<connection*> done_;
    std::vector<std::jthread> threads_; ///< last: joined before what they use is gone
};

class epoll_server final : public contract::session<mixed> {
public:
    epoll_server(mixed::params const& params, mixed::environment const& environment)
        : params_(params), listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {
        watch(listen_fd_, EPOLLIN | EPOLLET);
        watch(stop_fd_, EPOLLIN);
        if (params.offload == 0) return;
        burners_ = std::make_unique<burners>(environment.limits.workers, length());
        watch(burners_->done_fd(), EPOLLIN | EPOLLET);
    }

    mixed::outcome run(contract::probe&) override {
        for (bool stopped = false; !stopped;) {
            std::array<epoll_event, 256> events;
            int const count =
                ::epoll_wait(epoll_.get(), events.data(), events.size(), patience_ms_);
            if (count == -1 && errno != EINTR) throw_errno("epoll_wait");
            for (auto const& event : std::span(events.data(), count < 0 ? 0u : unsigned(count))) {
                if (event.data.fd == stop_fd_) {
                    stopped = true;
                } else if (event.data.fd == listen_fd_) {
                    accept_all();
                } else if (burners_ && event.data.fd == burners_->done_fd()) {
                    for (auto* const c : burners_->take_done()) {
                        if (answer(*c, std::exchange(c->burning, {}))) serve(*c);
                    }
                } else {
                    auto& c = *connections_[std::size_t(event.data.fd)];
                    c.hung_up |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
                    c.drained = false;
                    serve(c);
                }
            }
            if (patience_ms_ != -1) accept_all();
        }
        burners_.reset();
        connections_.clear();
        return outcome_;
    }

private:
    [[nodiscard]] std::chrono::microseconds length() const {
        return std::chrono::microseconds(params_.burn_us);
    }

    void watch(int fd, std::uint32_t mask) {
        epoll_event event{.events = mask, .data = {.fd = fd}};
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        patience_ms_ = -1;
        for (;;) {
            unique_fd socket(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!socket) {
                if (errno == EAGAIN) return;
                if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
                if (!out_of_descriptors(errno)) throw_errno("accept");
                patience_ms_ = accept_again_after_ms;
                return;
            }
            ++outcome_.accepted;
            auto const fd = std::size_t(socket.get());
            int const on = 1;
            // Fails only for a peer that has reset meanwhile; the first read will tell.
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= fd) connections_.resize(fd + 1);
            connections_[fd] = std::make_unique<connection>(
                connection{std::move(socket), kernel::frames(params_.message_bytes)});
            watch(int(fd), EPOLLIN | EPOLLRDHUP | EPOLLET);
        }
    }

    /// Until the socket is drained, closed, or a thread has a request of it.
    void serve(connection& c) {
        if (!c.socket || !c.burning.empty()) return;
        for (;;) {
            for (auto message = c.frames.next(); !message.empty(); message = c.frames.next()) {
                if (mixed::is_dear(message.front())) {
                    if (burners_) {
                        c.burning = message;
                        return burners_->submit(c);
                    }
                    kernel::burn(length());
                }
                if (!answer(c, message)) return;
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
        ++outcome_.requests;
        if (mixed::is_dear(message.front())) ++outcome_.dear;
        auto const sent = ::send(c.socket.get(), message.data(), message.size(), MSG_NOSIGNAL);
        if (sent == ssize_t(message.size())) return true;
        c.socket.close();
        return false;
    }

    mixed::params params_;
    int listen_fd_;
    int stop_fd_;
    int patience_ms_ = -1; ///< while descriptors are lacking: until accept is tried again
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::vector<std::unique_ptr<connection>> connections_; ///< by descriptor
    std::unique_ptr<burners> burners_;
    mixed::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed(mixed::params const& params,
                                                     mixed::environment const& environment) {
    return std::make_unique<epoll_server>(params, environment);
}

} // namespace floor_model
