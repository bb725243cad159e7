// SPDX-License-Identifier: MIT
#pragma once

#include "ring.hpp"

#include <cstdint>

namespace floor_model {

/// Memory that the kernel receives into: it picks a buffer when bytes have come, and lends it until
/// it is given back (IORING_REGISTER_PBUF_RING).
class ring_buffers {
public:
    static constexpr std::uint16_t group = 0;

    /// `count`: a power of two.
    ring_buffers(ring const& owner, std::uint16_t count, std::uint32_t bytes)
        : mask_(static_cast<std::uint16_t>(count - 1)),
          bytes_(bytes),
          slots_bytes_(page_multiple(count * sizeof(io_uring_buf))),
          memory_(
              ::mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        if (memory_ == MAP_FAILED) throw_errno("mmap");
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uint64_t>(memory_);
        registration.ring_entries = count;
        registration.bgid = group;
        try {
            owner.do_register(IORING_REGISTER_PBUF_RING, &registration);
        } catch (...) {
            ::munmap(memory_, size());
            throw;
        }
        for (unsigned id = 0; id < count; ++id) {
            give_back(static_cast<std::uint16_t>(id));
        }
    }
    ring_buffers(ring_buffers const&) = delete;
    ring_buffers& operator=(ring_buffers const&) = delete;
    ~ring_buffers() { ::munmap(memory_, size()); }

    [[nodiscard]] std::byte* operator[](std::uint16_t id) const noexcept {
        return static_cast<std::byte*>(memory_) + slots_bytes_ + std::size_t{id} * bytes_;
    }

    void give_back(std::uint16_t id) noexcept {
        // The first slot shares its last two bytes with the tail: its other fields only.
        auto& slot = static_cast<io_uring_buf*>(memory_)[tail_ & mask_];
        slot.addr = reinterpret_cast<std::uint64_t>((*this)[id]);
        slot.len = bytes_;
        slot.bid = id;
        ++tail_;
        // Release: the kernel sees the slot before it sees the tail.
        std::atomic_ref(static_cast<io_uring_buf_ring*>(memory_)->tail)
            .store(tail_, std::memory_order_release);
    }

private:
    static constexpr std::size_t page_multiple(std::size_t bytes) noexcept {
        return (bytes + 4'095) / 4'096 * 4'096;
    }
    [[nodiscard]] std::size_t size() const noexcept {
        return slots_bytes_ + (std::size_t{mask_} + 1) * bytes_;
    }

    std::uint16_t mask_;
    std::uint16_t tail_ = 0;
    std::uint32_t bytes_;
    std::size_t slots_bytes_;
    void* memory_;
};

} // namespace floor_model
