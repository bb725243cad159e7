// SPDX-License-Identifier: MIT
#pragma once

#include "io_uring/ring.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace coro::detail {

/// Buffers that the kernel picks from when data arrives, so that an idle connection holds none
/// (io_uring_register(2), IORING_REGISTER_PBUF_RING, Linux 5.19).
///
/// Each buffer is either with the kernel or with the one who read its completion, who gives it back
/// with `give_back` when the bytes are consumed.
class buffer_ring {
public:
    /// `count` is a power of two, at most 32768. Throws std::system_error.
    buffer_ring(ring& owner, std::uint16_t group, std::uint16_t count, std::uint32_t bytes);
    buffer_ring(buffer_ring const&) = delete;
    buffer_ring& operator=(buffer_ring const&) = delete;
    ~buffer_ring();

    [[nodiscard]] std::uint16_t group() const noexcept { return group_; }

    /// The bytes of a completion whose flags carry IORING_CQE_F_BUFFER.
    [[nodiscard]] std::span<std::byte const> filled(std::uint16_t id,
                                                    std::size_t bytes) const noexcept {
        return {data_ + std::size_t{id} * bytes_, bytes};
    }

    void give_back(std::uint16_t id) noexcept;

    static std::uint16_t id_of(io_uring_cqe const& completion) noexcept {
        return static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    }

private:
    void add(std::uint16_t id) noexcept;
    void publish() noexcept;

    ring& owner_;
    std::uint16_t group_;
    std::uint16_t mask_;
    std::uint16_t tail_ = 0;
    std::uint32_t bytes_;
    io_uring_buf_ring* slots_ = nullptr; // shared with the kernel
    std::byte* data_ = nullptr;
    std::size_t mapped_bytes_ = 0;
};

} // namespace coro::detail
