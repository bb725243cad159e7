// SPDX-License-Identifier: MIT
// The calling thread accepts and starts a thread for each connection, which reads, parses and
// answers with blocking calls until its peer closes. A thread that is blocked in a read cannot
// watch the stop descriptor: at the end the calling thread shuts down every live socket, which ends
// the reads.
#include "cells.hpp"
#include "kernel/http.hpp"
#include "posix.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <thread>

namespace thread_model {
namespace {

using contract::http;

/// Until the peer closes, resets or is shut down; what it was told.
http::outcome serve_until_closed(int connection) {
    std::array<std::byte, 65'536> buffer;
    kernel::http_exchange exchange;
    http::outcome told;
    for (bool alive = true; alive; told.requests = exchange.requests()) {
        auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) break;
        exchange.receive(std::span(buffer).first(static_cast<std::size_t>(received)));
        for (auto rest = exchange.unsent(); alive && !rest.empty(); rest = exchange.unsent()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                exchange.sent(static_cast<std::size_t>(sent));
                told.sent_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno != EINTR) {
                alive = false;
            }
        }
        if (exchange.over()) ::shutdown(connection, SHUT_WR);
    }
    return told;
}

class thread_per_connection final : public contract::session<http> {
public:
    explicit thread_per_connection(contract::environment const& environment)
        : listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {}
    ~thread_per_connection() override { stop(); }

    http::outcome run(contract::probe&) override {
        while (auto connection = accept_next()) {
            join_finished();
            start(std::move(connection));
        }
        stop();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted_, requests_.load(std::memory_order_relaxed),
                sent_bytes_.load(std::memory_order_relaxed)};
    }

private:
    struct served {
        unique_fd fd;
        std::thread thread;
    };

    /// Waits for the next connection; none when it is time to stop.
    unique_fd accept_next() {
        for (auto lacking = false;;) { // of descriptors
            std::array<pollfd, 2> ready{{{stop_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}}};
            if (::poll(ready.data(), lacking ? 1 : 2, lacking ? accept_again_after_ms : -1) == -1) {
                if (errno == EINTR) continue;
                throw_errno("poll");
            }
            if (ready[0].revents != 0) return {};
            // The accepted socket blocks, though the listening one does not.
            unique_fd connection(::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) return connection;
            lacking = out_of_descriptors(errno);
            if (!lacking && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
                throw_errno("accept");
            }
        }
    }

    void start(unique_fd fd) {
        int const on = 1;
        // A peer that has reset meanwhile makes this fail; the first read will tell.
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++accepted_;
        std::lock_guard const lock(mutex_);
        auto const here = live_.insert(live_.end(), served{std::move(fd), {}});
        // The new thread cannot finish before this assignment: it needs the mutex for that.
        try {
            here->thread = std::thread([this, here] { serve(here); });
        } catch (...) {
            live_.erase(here);
            throw;
        }
    }

    void serve(std::list<served>::iterator here) {
        auto const told = serve_until_closed(here->fd.get());
        requests_.fetch_add(told.requests, std::memory_order_relaxed);
        sent_bytes_.fetch_add(told.sent_bytes, std::memory_order_relaxed);
        std::lock_guard const lock(mutex_);
        // Closed under the mutex, so that `stop` never shuts down a number that was given anew.
        here->fd = unique_fd();
        finished_.splice(finished_.end(), live_, here);
    }

    void join_finished() {
        std::list<served> finished;
        {
            std::lock_guard const lock(mutex_);
            finished.swap(finished_);
        }
        join_all(finished);
    }

    void stop() {
        {
            std::lock_guard const lock(mutex_);
            for (auto const& connection : live_) {
                ::shutdown(connection.fd.get(), SHUT_RDWR);
            }
        }
        for (;;) {
            std::unique_lock lock(mutex_);
            if (live_.empty()) break;
            // Stays valid without the mutex: a node is moved to `finished_`, never destroyed here.
            auto& thread = live_.front().thread;
            lock.unlock();
            thread.join();
        }
        join_all(finished_);
        finished_.clear();
    }

    static void join_all(std::list<served>& connections) {
        for (auto& connection : connections) {
            if (connection.thread.joinable()) connection.thread.join();
        }
    }

    int listen_fd_;
    int stop_fd_;
    small_stacks stacks_{131'072};
    std::uint64_t accepted_ = 0;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> sent_bytes_ = 0;
    std::mutex mutex_;
    std::list<served> live_;
    std::list<served> finished_;
};

} // namespace

std::unique_ptr<contract::session<http>>
make_http_per_connection(http::params const& params, contract::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(environment);
}

} // namespace thread_model
