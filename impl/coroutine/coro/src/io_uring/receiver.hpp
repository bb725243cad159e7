// SPDX-License-Identifier: MIT
#pragma once

#include "coro/io/backend.hpp"
#include "io_uring/buffer_ring.hpp"

#include <cstdint>
#include <new>
#include <vector>

namespace coro::detail {

/// What is known of one descriptor, and what has arrived on it and has not been asked for yet.
///
/// A multishot receive stays armed while the socket is read from; each of its completions brings a
/// provided buffer. Invariant: `reader` waits only while nothing has arrived and the stream has not
/// ended; so a completion either goes to the reader at once or into the queue.
class receiver {
public:
    /// Fills `op` from what has arrived, or with the end of the stream; false: nothing yet.
    [[nodiscard]] bool take(io_operation& op, buffer_ring& buffers) noexcept;

    /// A buffer of `bytes` has arrived; false: no memory to remember it by.
    [[nodiscard]] bool push(std::uint16_t buffer, std::uint32_t bytes) noexcept {
        try {
            arrived_.push_back({buffer, bytes});
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    /// The stream has ended: 0, or a negative errno that the next reads report.
    void end(int result) noexcept {
        ended = true;
        end_result_ = result;
    }

    /// Gives all buffers back and forgets everything; what is still armed becomes stale.
    void reset(buffer_ring& buffers) noexcept;

    [[nodiscard]] std::size_t queued() const noexcept { return arrived_.size() - first_; }

    io_operation* reader = nullptr;
    unsigned operations = 0; ///< other operations on this descriptor that the kernel holds
    bool armed = false;
    bool ended = false;
    /// Told apart in completions, so that those of a closed descriptor do not reach the next one
    /// with the same number.
    std::uint32_t generation = 0;

private:
    struct filled {
        std::uint16_t buffer;
        std::uint32_t bytes;
    };

    std::vector<filled> arrived_; // from first_ on
    std::size_t first_ = 0;
    std::uint32_t consumed_ = 0; // of the first
    int end_result_ = 0;
};

} // namespace coro::detail
