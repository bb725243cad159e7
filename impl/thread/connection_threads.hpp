// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"
#include "small_stacks.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace thread_model {

/// The calling thread accepts and starts a thread for each connection, which serves it with
/// blocking calls until its peer closes. A thread that is blocked in a read cannot watch the stop
/// descriptor: at the end the calling thread shuts down every live socket, which ends the reads.
class connection_threads {
public:
    /// `serve(connection)` runs in the connection's thread and returns when it is over.
    connection_threads(int listen_fd, int stop_fd, std::function<void(int)> serve)
        : listen_fd_(listen_fd), stop_fd_(stop_fd), serve_(std::move(serve)) {}
    connection_threads(connection_threads const&) = delete;
    connection_threads& operator=(connection_threads const&) = delete;
    ~connection_threads() { stop(); }

    /// Until the stop descriptor is readable; all threads are joined then. Returns the connections
    /// accepted.
    std::uint64_t run();

private:
    struct served {
        unique_fd fd;
        std::thread thread;
    };

    unique_fd accept_next();
    void start(unique_fd fd);
    void serve(std::list<served>::iterator here);
    void join_finished();
    void stop();

    int listen_fd_;
    int stop_fd_;
    std::function<void(int)> serve_;
    small_stacks stacks_{131'072};
    std::mutex mutex_;
    std::list<served> live_;
    std::list<served> finished_;
};

} // namespace thread_model
