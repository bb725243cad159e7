// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace proc {

[[noreturn]] inline void throw_errno(char const* call) {
    throw std::system_error(errno, std::generic_category(), call);
}

/// The result of a POSIX call that answers -1 on failure.
template <class T>
T checked(T result, char const* call) {
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
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~unique_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    void reset() noexcept {
        if (fd_ != -1) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

} // namespace proc
