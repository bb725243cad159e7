// SPDX-License-Identifier: MIT
#include "connection_threads.hpp"

#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace thread_model {
namespace {

template <class Connections>
void join_all(Connections& connections) {
    for (auto& connection : connections) {
        if (connection.thread.joinable()) connection.thread.join();
    }
}

} // namespace

std::uint64_t connection_threads::run() {
    std::uint64_t accepted = 0;
    while (auto connection = accept_next()) {
        join_finished();
        start(std::move(connection));
        ++accepted;
    }
    stop();
    return accepted;
}

/// Waits for the next connection; none when it is time to stop.
unique_fd connection_threads::accept_next() {
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

void connection_threads::start(unique_fd fd) {
    int const on = 1;
    // A peer that has reset meanwhile makes this fail; the first read will tell.
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
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

void connection_threads::serve(std::list<served>::iterator here) {
    serve_(here->fd.get());
    std::lock_guard const lock(mutex_);
    // Closed under the mutex, so that `stop` never shuts down a number that was given anew.
    here->fd = unique_fd();
    finished_.splice(finished_.end(), live_, here);
}

void connection_threads::join_finished() {
    std::list<served> finished;
    {
        std::lock_guard const lock(mutex_);
        finished.swap(finished_);
    }
    join_all(finished);
}

void connection_threads::stop() {
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

} // namespace thread_model
