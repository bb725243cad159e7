// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/connection.hpp"
#include "siding/io/stream_errors.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace siding {

/// How long a line may be, unless said otherwise.
inline constexpr std::size_t default_stream_limit_bytes = 64 * 1024;

/// asyncio.StreamReader. A handle: copies read the same stream. For the loop's thread only.
///
/// Every read resumes in the awaiting task, at once if enough is buffered. A cancelled read loses
/// nothing: what had arrived is there for the next. All throw std::system_error when the connection
/// fails (and again at each later call), runtime_error while another task waits in a read.
/// Bytes are received only when a read asks for them; so `at_eof` is true once a read has met the
/// end, and what arrived before a reset can still be read.
class stream_reader {
public:
    explicit stream_reader(std::shared_ptr<detail::connection> of) noexcept : of_(std::move(of)) {}

    /// At most `most` bytes, at least one; "" at the end, and for 0.
    [[nodiscard]] coroutine<std::string> read(std::size_t most);
    /// Everything until the end. If it fails or is cancelled, what it had read is lost.
    [[nodiscard]] coroutine<std::string> read();
    /// Throws incomplete_read_error if the stream ends before.
    [[nodiscard]] coroutine<std::string> readexactly(std::size_t count);
    /// A line with its '\n'; without one at the end of the stream, "" behind it. Throws value_error
    /// for a line longer than the limit, of which what is buffered is dropped.
    [[nodiscard]] coroutine<std::string> readline();
    /// Up to and including `separator`. Throws incomplete_read_error at the end of the stream,
    /// limit_overrun_error beyond the limit, value_error for an empty separator.
    [[nodiscard]] coroutine<std::string> readuntil(std::string separator = "\n");
    /// readuntil with a tuple: up to and including the separator that ends first. Throws the same;
    /// value_error also for none at all.
    [[nodiscard]] coroutine<std::string> readuntil_any(std::vector<std::string> separators);
    /// The end has been met, and everything before it was read.
    [[nodiscard]] bool at_eof() const noexcept { return of_->has_ended() && of_->input().empty(); }

private:
    std::shared_ptr<detail::connection> of_;
};

} // namespace siding
