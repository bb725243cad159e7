// SPDX-License-Identifier: MIT
#pragma once

#include "siding/loop.hpp"
#include "siding/sys.hpp"

#include <utility>

namespace siding {

/// Closes a descriptor and tells the loop, which otherwise would take the next one of the same
/// number for it. Every descriptor that was used with the awaitables of io/socket.hpp must be
/// closed so. Waits for it end with EBADF.
inline void close(int fd) noexcept {
    if (auto* const home = detail::loop_core::of_this_thread();
        home != nullptr && !home->is_closed()) {
        home->io().forget(fd);
    }
    sys::use().close(fd);
}

/// Owns a descriptor.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept {
        if (fd_ >= 0) siding::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

} // namespace siding
