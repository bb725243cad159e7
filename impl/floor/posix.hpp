// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace floor_model {

[[noreturn]] inline void throw_errno(char const* call) {
    throw std::system_error(errno, std::generic_category(), call);
}

/// Passes the result of a system call through, or throws std::system_error for -1.
inline int checked(int result, char const* call) {
    if (result == -1) throw_errno(call);
    return result;
}

/// Sole owner of a descriptor.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~unique_fd() { close(); }

    void close() noexcept {
        if (fd_ != -1) ::close(std::exchange(fd_, -1));
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ != -1; }

private:
    int fd_ = -1;
};

/// The timer's own clock, to turn a length into a deadline; latencies go through the probe.
inline std::uint64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// Sleeps until `deadline_ns` on CLOCK_MONOTONIC has passed: never less, whatever signals come.
inline void sleep_until(std::uint64_t deadline_ns) {
    timespec const deadline{static_cast<time_t>(deadline_ns / 1'000'000'000u),
                            static_cast<long>(deadline_ns % 1'000'000'000u)};
    for (;;) {
        int const error = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr);
        if (error == 0) return;
        if (error != EINTR) throw std::system_error(error, std::generic_category(), "sleep");
    }
}

/// Then the peers wait in the backlog: a server looks again after so long, or when something else
/// has happened, for what it lacks is freed by a connection that ends.
inline constexpr int accept_again_after_ms = 10;

/// Has accept failed for want of descriptors?
inline bool out_of_descriptors(int error) noexcept { return error == EMFILE || error == ENFILE; }

} // namespace floor_model
