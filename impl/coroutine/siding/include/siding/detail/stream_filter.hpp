// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/input_buffer.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace siding::detail {

/// What stands between a stream and its socket and changes the bytes on their way, in both
/// directions: TLS. It knows nothing of sockets. What it appends to `output` is to be sent as it
/// is, also when it throws.
class stream_filter {
public:
    stream_filter() = default;
    stream_filter(stream_filter const&) = delete;
    stream_filter& operator=(stream_filter const&) = delete;
    virtual ~stream_filter() = default;

    /// Where the next bytes of the socket belong.
    [[nodiscard]] virtual std::span<std::byte> space() = 0;
    /// `count` bytes lie there, 0: the socket has ended. What they mean is appended to `input`.
    /// Throws what is wrong with them, or with such an end.
    virtual void received(std::size_t count, input_buffer& input, std::string& output) = 0;
    /// The peer has said that nothing follows.
    [[nodiscard]] virtual bool has_ended() const noexcept = 0;
    virtual void send(std::string_view bytes, std::string& output) = 0;
    /// Tells the peer that nothing follows; once.
    virtual void end(std::string& output) = 0;
    /// How long the peer has to answer to that when the stream is closed.
    [[nodiscard]] virtual duration farewell() const noexcept = 0;
};

} // namespace siding::detail
