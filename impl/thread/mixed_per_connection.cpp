// SPDX-License-Identifier: MIT
// The threads of `echo`, one a connection. A dear request burns where it was read: the kernel takes
// the CPU from that thread in time and gives it to the others, so that there is nothing to hand
// over and `offload` changes nothing.
#include "cells.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "posix.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

namespace thread_model {
namespace {

using contract::mixed;

/// Until the peer closes, resets or is shut down.
mixed::outcome serve_until_closed(int connection, mixed::params const& params) {
    kernel::frames frames(params.message_bytes);
    mixed::outcome outcome;
    for (;;) {
        auto const room = frames.room();
        auto const received = ::recv(connection, room.data(), room.size(), 0);
        if (received == 0) return outcome;
        if (received < 0) {
            if (errno == EINTR) continue;
            return outcome;
        }
        frames.received(static_cast<std::size_t>(received));
        for (auto message = frames.next(); !message.empty(); message = frames.next()) {
            auto const dear = mixed::is_dear(message.front());
            if (dear) kernel::burn(std::chrono::microseconds(params.burn_us));
            auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(message.size())) return outcome;
            ++outcome.requests;
            outcome.dear += dear ? 1 : 0;
        }
    }
}

class thread_per_connection final : public contract::session<mixed> {
public:
    thread_per_connection(mixed::params const& params, contract::environment const& environment)
        : params_(params), listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {}
    ~thread_per_connection() override { stop(); }

    mixed::outcome run(contract::probe&) override {
        while (auto connection = accept_next()) {
            join_finished();
            start(std::move(connection));
        }
        stop();
        return outcome_;
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
        std::lock_guard const lock(mutex_);
        ++outcome_.accepted;
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
        auto const mine = serve_until_closed(here->fd.get(), params_);
        std::lock_guard const lock(mutex_);
        outcome_.requests += mine.requests;
        outcome_.dear += mine.dear;
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

    mixed::params params_;
    int listen_fd_;
    int stop_fd_;
    small_stacks stacks_{131'072};
    std::mutex mutex_;
    mixed::outcome outcome_;
    std::list<served> live_;
    std::list<served> finished_;
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_per_connection(mixed::params const& params, contract::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(params, environment);
}

} // namespace thread_model
