// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/stream_reader.hpp"
#include "siding/io/stream_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace siding {

using stream = std::pair<stream_reader, stream_writer>;

/// asyncio.open_connection: resolves the host, tries its addresses in order and connects. Throws
/// resolution_error, or std::system_error when no address answers (the first error, or all of them
/// in its message if they differ). Cancelled, it leaves no descriptor behind.
[[nodiscard]] coroutine<stream>
open_connection(std::string host, std::uint16_t port,
                std::size_t limit_bytes = default_stream_limit_bytes);

/// asyncio.open_unix_connection. A path that begins with '\0' is an abstract name.
[[nodiscard]] coroutine<stream>
open_unix_connection(std::string path, std::size_t limit_bytes = default_stream_limit_bytes);

/// A stream over a connected socket, which becomes the stream's, and non-blocking.
[[nodiscard]] stream stream_of(descriptor socket,
                               std::size_t limit_bytes = default_stream_limit_bytes);

/// loop.connect_read_pipe: a stream that reads from a pipe, FIFO or terminal, which becomes the
/// stream's, and non-blocking.
[[nodiscard]] stream_reader connect_read_pipe(descriptor end,
                                              std::size_t limit_bytes = default_stream_limit_bytes);

/// loop.connect_write_pipe: a stream that writes to one. That nobody reads any more is
/// std::system_error (EPIPE), and no signal.
[[nodiscard]] stream_writer connect_write_pipe(descriptor end);

namespace detail {
/// Throws std::system_error.
void make_non_blocking(int fd);
} // namespace detail

} // namespace siding
