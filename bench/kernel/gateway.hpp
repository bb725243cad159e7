// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernel {

/// A request to a gateway: a number, little endian. So is a question to one of its backends, which
/// has the backend in the bits from 56 and, where it is asked again, bit 63; and so is the tag of
/// an answer, which is its question without bit 63.
inline constexpr std::size_t gateway_request_bytes = 8;
inline constexpr std::size_t gateway_question_bytes = 8;
inline constexpr std::size_t gateway_tag_bytes = 8;

[[nodiscard]] constexpr std::uint64_t gateway_tag(std::uint64_t number,
                                                  std::uint64_t backend) noexcept {
    return (number & ((std::uint64_t{1} << 56) - 1)) | backend << 56;
}
inline constexpr std::uint64_t gateway_again = std::uint64_t{1} << 63;

/// Is the first question of this tag one that the backend answers late? A number is the connection
/// of the load generator in its upper half and the message on it in its lower half, so that each
/// connection meets a slow backend in one of `slow_every` requests, each of the backends in turn.
[[nodiscard]] constexpr bool gateway_is_slow(std::uint64_t tag, std::uint64_t backends,
                                             std::uint64_t slow_every) noexcept {
    if (slow_every == 0) return false;
    auto const number = gateway_tag(tag, 0);
    auto const place = (number >> 32) + (number & 0xffff'ffffu);
    return place % slow_every == slow_every - 1 && place / slow_every % backends == tag >> 56;
}

/// 8 bytes, little endian.
[[nodiscard]] std::uint64_t gateway_number(std::span<std::byte const> bytes) noexcept;
[[nodiscard]] std::array<std::byte, 8> gateway_bytes(std::uint64_t number) noexcept;

/// The request of one client connection and what has come for it so far. Used again for the next.
class gateway_request {
public:
    gateway_request(std::uint64_t backends, std::uint64_t answer_bytes);

    /// The next request, `gateway_request_bytes` bytes: no backend has answered it.
    void begin(std::span<std::byte const> request) noexcept;

    [[nodiscard]] std::array<std::byte, gateway_question_bytes>
    question(std::uint64_t backend) const noexcept {
        return gateway_bytes(gateway_tag(number_, backend));
    }
    [[nodiscard]] std::array<std::byte, gateway_question_bytes>
    question_again(std::uint64_t backend) const noexcept {
        return gateway_bytes(gateway_tag(number_, backend) | gateway_again);
    }

    /// An answer of a backend, with its tag. One that belongs to an earlier request, or is the
    /// second to this, is passed over.
    void take(std::uint64_t backend, std::span<std::byte const> answer) noexcept;

    [[nodiscard]] bool lacks(std::uint64_t backend) const noexcept {
        return (missing_ >> backend & 1u) != 0;
    }
    /// All backends have answered, or there was no request yet.
    [[nodiscard]] bool is_complete() const noexcept { return missing_ == 0; }
    /// What the backends said, one after another; good until `begin`.
    [[nodiscard]] std::span<std::byte const> reply() const noexcept { return reply_; }

private:
    std::uint64_t answer_bytes_;
    std::uint64_t all_;
    std::uint64_t number_ = 0;
    std::uint64_t missing_ = 0; ///< a bit a backend
    std::vector<std::byte> reply_;
};

} // namespace kernel
