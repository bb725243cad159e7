// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace siding {

/// asyncio.IncompleteReadError: the stream ended before all was read. What was read is in
/// `partial()`, and is no longer in the stream.
class incomplete_read_error : public std::runtime_error {
public:
    /// `expected`: nullopt when it is not known, as for a separator.
    incomplete_read_error(std::string partial, std::optional<std::size_t> expected)
        : std::runtime_error(std::to_string(partial.size()) + " bytes read on a total of " +
                             (expected ? std::to_string(*expected) : "undefined") +
                             " expected bytes"),
          partial_(std::move(partial)),
          expected_(expected) {}
    [[nodiscard]] std::string const& partial() const noexcept { return partial_; }
    [[nodiscard]] std::optional<std::size_t> expected() const noexcept { return expected_; }

private:
    std::string partial_;
    std::optional<std::size_t> expected_;
};

/// asyncio.LimitOverrunError: no separator within the limit. The bytes are still in the stream;
/// `consumed()` of them can be read without meeting the separator.
class limit_overrun_error : public std::runtime_error {
public:
    limit_overrun_error(std::string const& message, std::size_t consumed)
        : std::runtime_error(message), consumed_(consumed) {}
    [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

} // namespace siding
