// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/waiter.hpp"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace siding {
class loop;
}

namespace siding::detail {

enum class io_kind : std::uint8_t {
    recv,
    read,
    accept,
    readable,
    // from here on: waits to write
    send_all,
    write,
    connect,
    writable,
    // from here on: file_operations, for backends that have files
    read_at,
    write_at,
    sync,
};

/// One request to the kernel, in the shape that both readiness and completion interfaces can carry
/// out. It lives in the frame of the coroutine that awaits it; the buffers are the caller's.
struct io_operation : linked_waiter {
    io_operation(react_function* reacts, io_kind action, int descriptor) noexcept
        : linked_waiter(reacts), kind(action), fd(descriptor) {}

    io_kind kind;
    bool started = false;   ///< the backend has it
    bool cancelled = false; ///< for backends that must wait for the kernel to let go
    int fd;
    int flags = 0;
    union {
        std::byte* buffer = nullptr;
        std::byte const* data;
        sockaddr const* address;
    };
    std::size_t bytes = 0;
    std::size_t moved = 0;        ///< send_all: sent so far
    long result = 0;              ///< bytes, a descriptor, ready events, or -errno
    void* private_data = nullptr; ///< the backend's
};

/// A request on a regular file: not tried at once, and not cancelled half-way.
struct file_operation : io_operation {
    file_operation(react_function* reacts, io_kind action, int descriptor,
                   std::uint64_t position) noexcept
        : io_operation(reacts, action, descriptor), offset(position) {}

    std::uint64_t offset;
};

/// How a loop waits and how it does its input and output. One object per loop, used by the loop's
/// thread alone, except `wake`.
class backend {
public:
    backend() = default;
    backend(backend const&) = delete;
    backend& operator=(backend const&) = delete;
    virtual ~backend() = default;

    [[nodiscard]] virtual std::string_view name() const noexcept = 0;

    /// Whether `start` takes file_operations.
    [[nodiscard]] virtual bool has_files() const noexcept { return false; }

    /// Tries to finish `op` at once; false: it would block, nothing has happened.
    [[nodiscard]] virtual bool try_now(io_operation& op) noexcept = 0;
    /// Called after `try_now` has failed: when `op` is done its result is set and its task woken
    /// (`loop::wake`). May also finish before it returns; then false, and nobody is woken.
    [[nodiscard]] virtual bool start(io_operation& op) noexcept = 0;
    /// Ends the wait for `op`, which has been started and is not done. True: `op` is free now;
    /// false: it is in the kernel's hands, and its task will be woken when the kernel has let go.
    [[nodiscard]] virtual bool cancel(io_operation& op) noexcept = 0;

    /// Waits for events until `timeout` has passed (nullopt: for ever; 0: only looks), then wakes
    /// the tasks whose operations are done. Returns 0, also when the wait was interrupted; or an
    /// errno: it cannot wait any more, and the loop ends by that error.
    [[nodiscard]] virtual int poll(std::optional<duration> timeout) noexcept = 0;
    /// Makes a `poll` that blocks, or the next one, return. Thread-safe, async-signal-safe.
    virtual void wake() noexcept = 0;

    /// `fd` is about to be closed, or was just opened: forget what was known of it. Operations that
    /// wait for it end with -EBADF.
    virtual void forget(int fd) noexcept = 0;

    /// The process has been forked, and this is the child: gives up what it shares with the parent,
    /// without a trace there. Only the destructor is called after that.
    virtual void abandon() noexcept {}

    /// Operations that have been started and are not done.
    [[nodiscard]] virtual std::size_t in_flight() const noexcept = 0;
};

/// The epoll backend: one edge-triggered registration per descriptor and lifetime.
[[nodiscard]] std::unique_ptr<backend> make_epoll_backend(loop& owner);

} // namespace siding::detail
