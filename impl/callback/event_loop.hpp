// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <exception>
#include <system_error>
#include <utility>
#include <uv.h>

namespace callback {

/// Passes a libuv result through, or throws std::system_error: libuv returns -errno.
inline int checked(int result, char const* call) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), call);
    return result;
}

template <class Handle>
uv_handle_t* as_handle(Handle* handle) noexcept {
    return reinterpret_cast<uv_handle_t*>(handle);
}

template <class Handle>
uv_stream_t* as_stream(Handle* handle) noexcept {
    return reinterpret_cast<uv_stream_t*>(handle);
}

/// Owns a uv_loop_t. Handles are owned by the session and must outlive `close_handles`, which runs
/// the loop until the last close callback, or the destructor, which does the same.
class event_loop {
public:
    event_loop() { checked(::uv_loop_init(&loop_), "uv_loop_init"); }
    event_loop(event_loop const&) = delete;
    event_loop& operator=(event_loop const&) = delete;
    ~event_loop() {
        close_handles(nullptr);
        ::uv_loop_close(&loop_);
    }

    [[nodiscard]] uv_loop_t* get() noexcept { return &loop_; }

    /// Runs until nothing is active or `stop`; throws what a callback has passed to `fail`.
    void run() {
        ::uv_run(&loop_, UV_RUN_DEFAULT);
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    void stop() noexcept { ::uv_stop(&loop_); }

    /// For callbacks: an exception must not unwind through libuv, so it leaves by `run`.
    void fail(std::exception_ptr failure) noexcept {
        if (!failure_) failure_ = std::move(failure);
        stop();
    }
    void fail(int error, char const* call) noexcept {
        fail(std::make_exception_ptr(
            std::system_error(error < 0 ? -error : error, std::generic_category(), call)));
    }

    /// Closes every handle of the loop that is still open.
    void close_handles(uv_close_cb closed) noexcept {
        ::uv_walk(
            &loop_,
            [](uv_handle_t* handle, void* closed_callback) {
                if (::uv_is_closing(handle) == 0) {
                    ::uv_close(handle, *static_cast<uv_close_cb*>(closed_callback));
                }
            },
            &closed);
        ::uv_run(&loop_, UV_RUN_DEFAULT);
    }

private:
    uv_loop_t loop_;
    std::exception_ptr failure_;
};

/// libuv writes without MSG_NOSIGNAL: its users ignore SIGPIPE, and an error code tells instead.
class sigpipe_ignored {
public:
    sigpipe_ignored() noexcept : before_(std::signal(SIGPIPE, SIG_IGN)) {}
    sigpipe_ignored(sigpipe_ignored const&) = delete;
    sigpipe_ignored& operator=(sigpipe_ignored const&) = delete;
    ~sigpipe_ignored() { std::signal(SIGPIPE, before_); }

private:
    void (*before_)(int);
};

} // namespace callback
