// SPDX-License-Identifier: MIT
#pragma once

#include "io_uring/receiver.hpp"

#include <linux/io_uring.h>

#include <cstdint>

namespace siding::detail {

/// What a completion belongs to: the lowest bits of its user data. Those of an operation are its
/// address; those of a receive name the descriptor and how often that number has been reused.
enum class kind : std::uint64_t { operation = 0, receive = 1, ignored = 2, wake = 3, bulk = 4 };
inline constexpr std::uint64_t kind_mask = 7;

[[nodiscard]] inline std::uint64_t receive_data(int fd, receiver const& source,
                                                kind purpose) noexcept {
    return (std::uint64_t{source.generation & 0xff'ffffu} << 40u) |
           (std::uint64_t{static_cast<std::uint32_t>(fd)} << 8u) |
           static_cast<std::uint64_t>(purpose);
}

[[nodiscard]] inline int fd_of(io_uring_cqe const& cqe) noexcept {
    return static_cast<int>((cqe.user_data >> 8u) & 0xffff'ffffu);
}

[[nodiscard]] inline bool is_of(receiver const& source, io_uring_cqe const& cqe) noexcept {
    return (source.generation & 0xff'ffffu) == cqe.user_data >> 40u;
}

} // namespace siding::detail
