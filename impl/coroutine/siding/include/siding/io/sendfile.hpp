// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/file.hpp"
#include "siding/io/stream_writer.hpp"

#include <cstdint>
#include <optional>

namespace siding {

/// loop.sendfile: sends `count` bytes of the file from `offset` on, or all until its end, behind
/// what the writer has buffered; the number of bytes sent. By sendfile(2), which copies nothing to
/// our memory, where the stream is a plain socket; over TLS and into pipes by reading and writing.
/// Nobody may write to the stream meanwhile. Throws std::system_error, as the file's and the
/// stream's operations do. Cancelled, a part has been sent, and it is not known how much.
/// Source: sendfile(2); CPython 3.13, loop.sendfile.
[[nodiscard]] coroutine<std::uint64_t> sendfile(stream_writer to, file from,
                                                std::uint64_t offset = 0,
                                                std::optional<std::uint64_t> count = std::nullopt);

/// loop.sock_sendfile: the same to a connected stream socket in non-blocking mode.
[[nodiscard]] coroutine<std::uint64_t>
sock_sendfile(int socket, file from, std::uint64_t offset = 0,
              std::optional<std::uint64_t> count = std::nullopt);

} // namespace siding
