// SPDX-License-Identifier: MIT
// The calling thread accepts and starts a thread for each connection, which reads and writes with
// blocking calls until its peer closes. A thread that is blocked in a read cannot watch the stop
// descriptor: at the end the calling thread shuts down every live socket, which ends the reads.
#include "cells.hpp"
#include "contract/echo_service.hpp"
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

using contract::echo;

/// Until the peer closes, resets or is shut down. Returns the bytes sent back.
std::uint64_t echo_until_closed(int connection) {
    std::array<std::byte, 65'536> buffer;
    std::uint64_t echoed_bytes = 0;
    for (;;) {
        auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (received == 0) return echoed_bytes;
        if (received < 0) {
            if (errno == EINTR) continue;
            return echoed_bytes;
        }
        auto rest = std::span(buffer).first(static_cast<std::size_t>(received));
        while (!rest.empty()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
                echoed_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno != EINTR) {
                return echoed_bytes;
            }
        }
    }
}

class thread_per_connection final : public contract::session<echo> {
public:
    explicit thread_per_connection(contract::environment const& environment)
        : listen_fd_(environment.listen_fd), stop_fd_(environment.stop_fd) {}
    ~thread_per_connection() override { stop(); }

    echo::outcome run(contract::probe&) override {
        while (auto connection = accept_next()) {
            join_finished();
            start(std::move(connection));
        }
        stop();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted_, echoed_bytes_.load(std::memory_order_relaxed)};
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
        auto const echoed = echo_until_closed(here->fd.get());
        echoed_bytes_.fetch_add(echoed, std::memory_order_relaxed);
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
    std::atomic<std::uint64_t> echoed_bytes_ = 0;
    std::mutex mutex_;
    std::list<served> live_;
    std::list<served> finished_;
};

} // namespace

std::unique_ptr<contract::session<echo>>
make_echo_per_connection(echo::params const& params, contract::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_per_connection(contract::pump::params const& params,
                         contract::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_per_connection(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_per_connection(contract::accept::params const& params,
                           contract::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_per_connection(contract::as_echo(params), around));
}

} // namespace thread_model
