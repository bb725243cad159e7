// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"
#include "siding/io/descriptor.hpp"
#include "siding/loop.hpp"

#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <span>
#include <system_error>

namespace siding {

namespace detail {

/// Awaits one io_operation: first tries at once, as asyncio's sock_* do, and only then suspends.
class io_awaiter : io_operation {
public:
    io_awaiter(io_kind action, int descriptor) noexcept
        : io_operation(&react_to, action, descriptor) {}
    ~io_awaiter() {
        if (started) static_cast<void>(detail::loop_core::of_this_thread()->io().cancel(*this));
    }

    [[nodiscard]] bool await_ready() noexcept {
        return detail::loop_core::of_this_thread()->io().try_now(*this);
    }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
        suspended = self; // before start: whoever finishes the operation wakes us by it
        started = true;
        if (!detail::loop_core::of_this_thread()->io().start(*this)) {
            started = false;
            return self; // done after all
        }
        return suspend(self, *this);
    }

protected:
    /// The result; throws std::system_error, or cancelled_error.
    long finish(char const* call) {
        started = false;
        throw_if_cancelled(*this);
        if (result < 0) {
            throw std::system_error(static_cast<int>(-result), std::generic_category(), call);
        }
        return result;
    }
    [[nodiscard]] io_operation& operation() noexcept { return *this; }

private:
    static bool react_to(waiter& self, signal reason) noexcept {
        auto& wait = static_cast<io_awaiter&>(static_cast<io_operation&>(self));
        auto& home = *detail::loop_core::of_this_thread();
        bool const free = !wait.started || home.io().cancel(wait);
        if (reason == signal::detach) {
            wait.started = false;
            return true;
        }
        if (!free) return false; // the backend wakes us; the loop then throws the cancellation
        wait.started = false;
        self.react = &cancelled_reaction;
        home.wake(self);
        return true;
    }
};

class read_awaiter final : public io_awaiter {
public:
    read_awaiter(io_kind action, int from, std::span<std::byte> into) noexcept
        : io_awaiter(action, from) {
        operation().buffer = into.data();
        operation().bytes = into.size();
    }
    std::size_t await_resume() { return static_cast<std::size_t>(finish("read")); }
};

class write_awaiter final : public io_awaiter {
public:
    write_awaiter(io_kind action, int to, std::span<std::byte const> from) noexcept
        : io_awaiter(action, to) {
        operation().data = from.data();
        operation().bytes = from.size();
    }
    void await_resume() { static_cast<void>(finish("write")); }
};

class accept_awaiter final : public io_awaiter {
public:
    explicit accept_awaiter(int listener) noexcept : io_awaiter(io_kind::accept, listener) {}
    ~accept_awaiter() {
        if (operation().result > 0) siding::close(static_cast<int>(operation().result));
    }
    /// A connection that was accepted for a task cancelled meanwhile stays here, and is closed.
    int await_resume() {
        auto const accepted = finish("accept");
        operation().result = 0;
        return static_cast<int>(accepted);
    }
};

class connect_awaiter final : public io_awaiter {
public:
    connect_awaiter(int socket, sockaddr const* to, socklen_t length) noexcept
        : io_awaiter(io_kind::connect, socket) {
        operation().address = to;
        operation().bytes = length;
    }
    void await_resume() { static_cast<void>(finish("connect")); }
};

class readiness_awaiter final : public io_awaiter {
public:
    using io_awaiter::io_awaiter;
    void await_resume() { static_cast<void>(finish("poll")); }
};

} // namespace detail

// For descriptors in non-blocking mode, on the running loop. Each throws std::system_error for an
// error of the kernel and cancelled_error when the task is cancelled; a cancelled recv, accept or
// send_all has taken or sent nothing more than it had before; but one that had ended already when
// the task was cancelled has: what such a recv got is lost, as asyncio's sock_recv loses it. A
// buffer must live until the await ends. At most one task at a time may wait to read from a
// descriptor, and one to write.

/// Receives what there is, at least one byte; 0 at the end of the stream.
[[nodiscard]] inline auto recv(int fd, std::span<std::byte> into) noexcept {
    return detail::read_awaiter(detail::io_kind::recv, fd, into);
}

/// Sends all of it.
[[nodiscard]] inline auto send_all(int fd, std::span<std::byte const> from) noexcept {
    return detail::write_awaiter(detail::io_kind::send_all, fd, from);
}

/// recv and send_all for what is no socket: pipes, terminals, other descriptors.
[[nodiscard]] inline auto read(int fd, std::span<std::byte> into) noexcept {
    return detail::read_awaiter(detail::io_kind::read, fd, into);
}
[[nodiscard]] inline auto write_all(int fd, std::span<std::byte const> from) noexcept {
    return detail::write_awaiter(detail::io_kind::write, fd, from);
}

/// Accepts a connection: a descriptor, non-blocking and close-on-exec. The caller owns it.
[[nodiscard]] inline auto accept(int fd) noexcept { return detail::accept_awaiter(fd); }

/// Connects. `address` must live until the await ends.
[[nodiscard]] inline auto connect(int fd, sockaddr const* address, socklen_t length) noexcept {
    return detail::connect_awaiter(fd, address, length);
}

/// Waits until a read would not block: data, end of file, an error, or a connection.
[[nodiscard]] inline auto readable(int fd) noexcept {
    return detail::readiness_awaiter(detail::io_kind::readable, fd);
}

/// Waits until a write would not block.
[[nodiscard]] inline auto writable(int fd) noexcept {
    return detail::readiness_awaiter(detail::io_kind::writable, fd);
}

} // namespace siding
