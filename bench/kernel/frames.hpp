// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace kernel {

/// Cuts a stream of bytes into messages of one length. Receive into `room`, say how much came, take
/// messages until there are none.
class frames {
public:
    explicit frames(std::size_t message_bytes);

    /// Where the next bytes go: more than a message may lack, so that a read which leaves room has
    /// drained its socket. Ends the life of the messages that were taken.
    [[nodiscard]] std::span<std::byte> room() noexcept;
    void received(std::size_t bytes) noexcept { end_ += bytes; }

    /// The next whole message, empty if there is none; valid until `room`.
    [[nodiscard]] std::span<std::byte const> next() noexcept;

private:
    std::size_t message_bytes_;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace kernel
