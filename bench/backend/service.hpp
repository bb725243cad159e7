// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace backend {

/// What a request looks like, and what its answer is.
class service {
public:
    service() = default;
    service(service const&) = delete;
    service& operator=(service const&) = delete;
    virtual ~service() = default;

    struct request {
        std::uint64_t index;
        std::size_t bytes; ///< that it took
    };
    /// The first request in `bytes`, if it is complete. Throws std::invalid_argument for what is
    /// none and will not become one.
    [[nodiscard]] virtual std::optional<request> parse(std::span<std::byte const> bytes) const = 0;

    /// Called once for each request, as it comes: is its answer to be sent `late_delay` after it
    /// instead of `delay`?
    [[nodiscard]] virtual bool comes_late(std::uint64_t /*index*/) { return false; }

    /// An answer in two parts; either may be empty.
    struct answer {
        std::span<std::byte const> head; ///< valid until the next call
        std::span<std::byte const> body; ///< valid as long as the service
    };
    [[nodiscard]] virtual answer answer_to(std::uint64_t index) = 0;
};

} // namespace backend
