// SPDX-License-Identifier: MIT
#include "siding/io/file.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/shield.hpp"
#include "siding/sys.hpp"
#include "siding/to_thread.hpp"

#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

namespace siding {

namespace detail {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30u; ///< of one request

/// Awaits one request that the backend carries out. The kernel has the buffer until it is done, so
/// a cancellation waits for that: the loop throws it then.
class file_awaiter final : file_operation {
public:
    file_awaiter(io_kind action, int descriptor, std::byte* memory, std::size_t count,
                 std::uint64_t position, int how) noexcept
        : file_operation(&react_to, action, descriptor, position) {
        buffer = memory;
        bytes = count;
        flags = how;
    }
    ~file_awaiter() {
        if (started) static_cast<void>(detail::loop_core::of_this_thread()->io().cancel(*this));
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
        suspended = self;
        started = true; // until the backend has its completion, which may be before we go on
        if (!detail::loop_core::of_this_thread()->io().start(*this)) {
            started = false;
            return self;
        }
        return suspend(self, *this);
    }
    long await_resume() {
        started = false;
        throw_if_cancelled(*this);
        return result;
    }

private:
    static bool react_to(waiter& self, signal reason) noexcept {
        if (reason != signal::detach) return false;
        auto& me = static_cast<file_awaiter&>(static_cast<io_operation&>(self));
        if (std::exchange(me.started, false)) {
            static_cast<void>(
                detail::loop_core::of_this_thread()->io().cancel(me)); // waits for the kernel
        }
        return true;
    }
};

/// Calls `f` in a thread and waits until it has returned, whatever happens: it uses our memory.
template <class F>
coroutine<long> in_thread(F f) {
    auto const call = run_in_executor(loop::running().default_executor(), std::move(f));
    std::exception_ptr cancelled;
    while (!call.done()) {
        try {
            auto const whatever_happens = shield(call);
            co_await whatever_happens;
        } catch (cancelled_error const&) {
            cancelled = std::current_exception();
        }
    }
    if (cancelled) std::rethrow_exception(cancelled);
    co_return call.result();
}

template <class Call>
[[nodiscard]] long until_not_interrupted(Call call) noexcept {
    long result = 0;
    do {
        result = static_cast<long>(call());
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

[[nodiscard]] long checked(long result, char const* action) {
    if (result < 0) {
        throw std::system_error(static_cast<int>(-result), std::generic_category(), action);
    }
    return result;
}

[[nodiscard]] bool backend_has_files() noexcept {
    return detail::loop_core::running().io().has_files();
}

/// What the page cache has: bytes read, 0 at the end of the file, or a negative errno; nothing if
/// the storage must be asked.
std::optional<long> read_cached(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
    auto const& calls = sys::use();
    auto const result = until_not_interrupted([&] {
        return calls.read_at(fd, into.data(), std::min(into.size(), most_bytes), offset,
                             RWF_NOWAIT);
    });
    if (result == -EAGAIN || result == -EOPNOTSUPP) return std::nullopt;
    return result;
}

/// Bytes read from the storage, 0 at the end of the file, or a negative errno.
coroutine<long> read_stored(int fd, std::span<std::byte> into, std::uint64_t offset) {
    auto const bytes = std::min(into.size(), most_bytes);
    auto const& calls = sys::use(); // of this thread: the executor's must do as we were told
    if (backend_has_files()) {
        auto const read =
            co_await file_awaiter(io_kind::read_at, fd, into.data(), bytes, offset, 0);
        co_return read;
    }
    auto waiting = in_thread([&calls, fd, into, bytes, offset] {
        return until_not_interrupted(
            [&] { return calls.read_at(fd, into.data(), bytes, offset, 0); });
    });
    auto const read = co_await std::move(waiting);
    co_return read;
}

coroutine<long> write_some(int fd, std::span<std::byte const> from, std::uint64_t offset) {
    auto const bytes = std::min(from.size(), most_bytes);
    if (backend_has_files()) {
        auto* const data = const_cast<std::byte*>(from.data()); // only read from
        auto const written = co_await file_awaiter(io_kind::write_at, fd, data, bytes, offset, 0);
        co_return written;
    }
    auto const& calls = sys::use();
    auto waiting = in_thread([&calls, fd, from, bytes, offset] {
        return until_not_interrupted(
            [&] { return calls.write_at(fd, from.data(), bytes, offset); });
    });
    auto const written = co_await std::move(waiting);
    co_return written;
}

using shared = std::shared_ptr<descriptor>;

coroutine<std::size_t> read_all(shared from, bool is_direct, std::span<std::byte> into,
                                std::uint64_t offset) {
    std::size_t done = 0;
    while (done < into.size()) {
        auto const rest = into.subspan(done);
        // The kernel waits for a direct read even if it is told not to.
        auto const cached =
            is_direct ? std::nullopt : read_cached(from->get(), rest, offset + done);
        long read = 0;
        if (cached) {
            read = *cached;
        } else {
            read = co_await read_stored(from->get(), rest, offset + done);
        }
        if (checked(read, "read_at") == 0) break;
        done += static_cast<std::size_t>(read);
    }
    co_return done;
}

coroutine<> write_whole(shared to, std::span<std::byte const> from, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < from.size()) {
        auto const written = co_await write_some(to->get(), from.subspan(done), offset + done);
        done += static_cast<std::size_t>(checked(written, "write_at"));
    }
}

coroutine<> sync_all(shared of, bool data_only) {
    int const fd = of->get();
    long result = 0;
    if (backend_has_files()) {
        result = co_await file_awaiter(io_kind::sync, fd, nullptr, 0, 0, data_only ? 1 : 0);
    } else {
        auto const& calls = sys::use();
        auto waiting = in_thread([&calls, fd, data_only] {
            return until_not_interrupted([&] { return calls.sync(fd, data_only); });
        });
        result = co_await std::move(waiting);
    }
    static_cast<void>(checked(result, "sync"));
}

} // namespace
} // namespace detail

coroutine<file> file::open(std::string path, int flags, mode_t mode) {
    // Directories may have to be read from storage, so in a thread on every backend.
    auto const* const name = detail::c_string(path, "path");
    // Who is cancelled meanwhile does not get it, and then it is closed again.
    auto const opened = std::make_shared<descriptor>();
    auto waiting = detail::in_thread([opened, name, flags, mode] {
        auto const fd =
            detail::until_not_interrupted([&] { return ::open(name, flags | O_CLOEXEC, mode); });
        if (fd >= 0) *opened = descriptor(static_cast<int>(fd));
        return fd;
    });
    auto const fd = co_await std::move(waiting);
    if (fd < 0) throw std::system_error(static_cast<int>(-fd), std::generic_category(), path);
    co_return file(opened->release(), flags);
}

std::shared_ptr<descriptor> file::opened() const {
    if (!is_open()) throw value_error("I/O operation on closed file");
    return descriptor_;
}

coroutine<std::size_t> file::read_at(std::span<std::byte> into, std::uint64_t offset) const {
    return detail::read_all(opened(), is_direct_, into, offset);
}

coroutine<> file::write_at(std::span<std::byte const> from, std::uint64_t offset) const {
    return detail::write_whole(opened(), from, offset);
}

coroutine<> file::sync(bool data_only) const { return detail::sync_all(opened(), data_only); }

std::uint64_t file::size() const {
    struct stat about {};
    if (::fstat(opened()->get(), &about) != 0) {
        throw std::system_error(errno, std::generic_category(), "fstat");
    }
    return static_cast<std::uint64_t>(about.st_size);
}

} // namespace siding
