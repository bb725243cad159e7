// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernel {

/// The client's end of one keep-alive HTTP/1.1 connection without its input and output, one request
/// at a time: receive into `room`, say how much came, until the reply is complete. The header's
/// parser is Boost.Beast's; a body goes where it stays, without a copy.
class http_download {
public:
    /// Replies with a body of another length are refused.
    explicit http_download(std::size_t body_bytes);

    /// Where the next bytes of the reply go. Never empty while it is incomplete: one byte more than
    /// it may bring, so that a read which leaves room has drained its socket.
    [[nodiscard]] std::span<std::byte> room() noexcept;
    /// True when the reply is complete. Throws std::runtime_error for a status other than 200, a
    /// reply without the right Content-Length, what is no HTTP, and bytes that nobody asked for.
    bool received(std::size_t bytes);

    /// The body of the reply, when it is complete; valid until the next `room`.
    [[nodiscard]] std::span<std::byte const> body() const noexcept;

private:
    static constexpr std::size_t most_header_bytes = 4'096;

    /// The bytes of the header at the beginning of the buffer; 0 if it is not complete.
    [[nodiscard]] std::size_t parse_header() const;

    std::size_t body_bytes_;
    std::vector<std::byte> buffer_;
    std::size_t have_ = 0;
    std::size_t header_bytes_ = 0; ///< 0: not known
    bool complete_ = false;
};

} // namespace kernel
