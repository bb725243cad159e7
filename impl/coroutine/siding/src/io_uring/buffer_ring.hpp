// SPDX-License-Identifier: MIT
#pragma once

#include "io_uring/ring.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace siding::detail {

/// Buffers that the kernel picks from when data arrives, so that an idle connection holds none
/// (io_uring_register(2), IORING_REGISTER_PBUF_RING, Linux 5.19).
///
/// Each buffer is either with the kernel or with the one who read its completion, who gives it back
/// with `give_back` when the bytes are consumed. The kernel takes them in turn, so that all that it
/// has pass through the caches: it begins with few, and gets more when it has run out.
class buffer_ring {
public:
    /// `count` is a power of two, at most 32768. Throws std::system_error.
    buffer_ring(ring& owner, std::uint16_t group, std::uint16_t count, std::uint32_t bytes);
    buffer_ring(buffer_ring const&) = delete;
    buffer_ring& operator=(buffer_ring const&) = delete;
    ~buffer_ring();

    /// In a forked child, which has neither the memory nor the ring.
    void abandon() noexcept { slots_ = nullptr; }

    [[nodiscard]] std::uint16_t group() const noexcept { return group_; }

    /// The bytes of a completion whose flags carry IORING_CQE_F_BUFFER.
    [[nodiscard]] std::span<std::byte const> filled(std::uint16_t id,
                                                    std::size_t bytes) const noexcept {
        return {data_ + std::size_t{id} * stride(), bytes};
    }

    void give_back(std::uint16_t id) noexcept;

    /// The kernel has run out; false: it had all.
    bool hand_out_more() noexcept;

    static std::uint16_t id_of(io_uring_cqe const& completion) noexcept {
        return static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    }

private:
    static constexpr unsigned at_a_time = 128;

    /// A cache line more than a buffer: at a multiple of the page size the first lines of all
    /// buffers, which short messages use, would share one set of the cache.
    [[nodiscard]] std::size_t stride() const noexcept { return bytes_ + std::size_t{64}; }
    void add(std::uint16_t id) noexcept;
    void publish() noexcept;

    ring& owner_;
    std::uint16_t group_;
    std::uint16_t mask_;
    std::uint16_t tail_ = 0;
    unsigned handed_out_ = 0;
    std::uint32_t bytes_;
    io_uring_buf_ring* slots_ = nullptr; // shared with the kernel
    std::byte* data_ = nullptr;
    std::size_t mapped_bytes_ = 0;
};

} // namespace siding::detail
