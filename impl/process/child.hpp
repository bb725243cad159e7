// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <csignal>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <utility>

namespace process {

/// A forked child that runs `body` and ends. Sole owner of the process: what has not been waited
/// for is killed and reaped by the destructor.
class child {
public:
    template <class Body>
    explicit child(Body&& body) {
        auto const parent = ::getpid();
        pid_ = checked(::fork(), "fork");
        if (pid_ == 0) live(parent, body);
    }
    child(child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    child& operator=(child&&) = delete;
    ~child() {
        if (pid_ == -1) return;
        ::kill(pid_, SIGKILL);
        reap(0);
    }

    void signal(int number) const noexcept { ::kill(pid_, number); }

    /// Blocks until it has ended. Throws std::runtime_error if it did not end well.
    void join() {
        auto const status = reap(0);
        if (status != 0) throw std::runtime_error(ended_with(status));
    }

    /// Throws std::runtime_error if it has ended already.
    void expect_alive() {
        if (auto const status = reap(WNOHANG); pid_ == -1) {
            throw std::runtime_error(ended_with(status));
        }
    }

private:
    template <class Body>
    [[noreturn]] static void live(pid_t parent, Body& body) noexcept {
        // A killed parent must leave no orphans. If it died before this took hold, the child has
        // been adopted already.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        // The handlers of the parent are its own affair.
        for (auto const number : {SIGINT, SIGTERM, SIGALRM}) {
            std::signal(number, SIG_DFL);
        }
        auto status = 1;
        try {
            body();
            status = 0;
        } catch (...) {
        }
        // Not exit: the parent's buffers, atexit handlers and destructors belong to the parent.
        ::_exit(status);
    }

    int reap(int options) noexcept {
        auto status = 0;
        pid_t ended = 0;
        do {
            ended = ::waitpid(pid_, &status, options);
        } while (ended == -1 && errno == EINTR);
        if (ended != 0) pid_ = -1;
        return status;
    }

    static std::string ended_with(int status) {
        if (WIFSIGNALED(status)) {
            return "a child was ended by signal " + std::to_string(WTERMSIG(status));
        }
        return "a child ended with status " + std::to_string(WEXITSTATUS(status));
    }

    pid_t pid_ = -1;
};

} // namespace process
