// SPDX-License-Identifier: MIT
#pragma once

#include "contract/probe.hpp"
#include "proc/memory_file.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <sys/mman.h>

namespace cell {

/// A probe's slots, in a file in memory, which forked children share and a worker maps; present
/// before the clock starts.
class shared_slots {
public:
    explicit shared_slots(std::uint64_t count) : bytes_(count * sizeof(contract::latency_slot)) {
        if (count == 0) return;
        file_ = proc::memory_file("switchyard-slots");
        proc::checked(::ftruncate(file_.get(), static_cast<off_t>(bytes_)), "ftruncate");
        auto* const memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_POPULATE, file_.get(), 0);
        if (memory == MAP_FAILED) proc::throw_errno("mmap of the latency slots");
        slots_ = {static_cast<contract::latency_slot*>(memory), count};
    }
    shared_slots(shared_slots const&) = delete;
    shared_slots& operator=(shared_slots const&) = delete;
    ~shared_slots() {
        if (!slots_.empty()) ::munmap(slots_.data(), bytes_);
    }

    void clear() noexcept { std::fill(slots_.begin(), slots_.end(), contract::latency_slot{}); }
    [[nodiscard]] std::span<contract::latency_slot> all() const noexcept { return slots_; }
    /// -1 without slots.
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

private:
    std::size_t bytes_;
    proc::unique_fd file_;
    std::span<contract::latency_slot> slots_;
};

} // namespace cell
