// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace siding::sys {

/// Calls `f()`, a system call; that nobody reads any more is EPIPE and no SIGPIPE. Blocked in this
/// thread, the signal stays pending, and is taken away if it was not before.
template <class F>
auto without_pipe_signal(F f) noexcept {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    auto const result = f();
    auto const error = errno;
    if (result < 0 && error == EPIPE && ::sigismember(&before, SIGPIPE) == 0) {
        timespec const now{};
        while (::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1 &&
               ::sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return result;
}

} // namespace siding::sys
