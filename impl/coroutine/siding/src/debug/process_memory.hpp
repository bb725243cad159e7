// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace siding::detail {

/// An address of another process, or of ours: an address that is not there is an error and no
/// crash, so what changes while it is read can do no harm. Source: process_vm_readv(2).
struct unreadable : std::system_error {
    using std::system_error::system_error;
};

class process_memory {
public:
    explicit process_memory(pid_t of) noexcept : pid_(of) {}

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    void read(std::uint64_t address, void* into, std::size_t bytes) const {
        iovec const here{into, bytes};
        iovec const there{reinterpret_cast<void*>(address), bytes};
        auto const got = ::process_vm_readv(pid_, &here, 1, &there, 1, 0);
        if (got == static_cast<ssize_t>(bytes)) return;
        throw unreadable(got < 0 ? errno : EFAULT, std::generic_category(),
                         "memory of process " + std::to_string(pid_));
    }
    [[nodiscard]] std::uint64_t word(std::uint64_t address) const {
        std::uint64_t value = 0;
        read(address, &value, sizeof value);
        return value;
    }

private:
    pid_t pid_;
};

} // namespace siding::detail
