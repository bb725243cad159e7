// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace serial {

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
    ~unique_fd() {
        if (fd_ != -1) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ != -1; }

private:
    int fd_ = -1;
};

} // namespace serial
