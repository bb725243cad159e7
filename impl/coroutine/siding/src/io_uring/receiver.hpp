// SPDX-License-Identifier: MIT
#pragma once

#include "io_uring/buffer_ring.hpp"
#include "siding/detail/backend.hpp"

#include <cstdint>
#include <new>
#include <vector>

namespace siding::detail {

/// What is known of one descriptor, and what has arrived on it and has not been asked for yet.
///
/// A multishot receive stays armed while the socket is read from; each of its completions brings a
/// provided buffer. Invariant: `reader` waits only while nothing has arrived and the stream has not
/// ended; so a completion either goes to the reader at once or into the queue.
///
/// A stream that fills buffer after buffer is received in bulk: its reader's own large buffer
/// saves the copy, and a system call for many buffers costs less than their completions. The
/// receive is disarmed, and while nothing is there to read the socket is polled.
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

    /// Counts a buffer that has come; true if bulk begins, so the receive is to be disarmed.
    [[nodiscard]] bool note(std::uint32_t bytes, std::uint32_t buffer_bytes) noexcept {
        full_ = bytes == buffer_bytes ? full_ + 1 : 0;
        if (bulk_ || full_ < full_before_bulk) return false;
        bulk_ = fits_bulk(buffer_bytes);
        return bulk_;
    }
    [[nodiscard]] bool bulk() const noexcept { return bulk_; }

    /// In bulk: whether a system call may bring bytes now. Not too often without a look at the
    /// others, or a stream that is always ready would keep the loop for itself.
    [[nodiscard]] bool may_try() const noexcept {
        return bulk_ && !armed && !polled && !drained_ && at_once_ < most_at_once;
    }
    /// The poll says so.
    void is_readable() noexcept {
        drained_ = false;
        at_once_ = 0;
    }
    /// Counts what a system call brought; bulk ends with a short one.
    void note_bulk(io_operation const& op, std::uint32_t buffer_bytes) noexcept {
        ++at_once_;
        asked_ = op.bytes;
        drained_ = op.result < static_cast<long>(op.bytes);
        bulk_ = op.result >= static_cast<long>(buffer_bytes) && fits_bulk(buffer_bytes);
        if (!bulk_) full_ = 0;
    }

    [[nodiscard]] std::size_t queued() const noexcept { return arrived_.size() - first_; }

    io_operation* reader = nullptr;
    unsigned operations = 0; ///< other operations on this descriptor that the kernel holds
    bool armed = false;      ///< the multishot receive is
    bool disarming = false;  ///< and is being cancelled
    bool polled = false;
    bool ended = false;
    /// Told apart in completions, so that those of a closed descriptor do not reach the next one
    /// with the same number.
    std::uint32_t generation = 0;

private:
    struct filled {
        std::uint16_t buffer;
        std::uint32_t bytes;
    };

    static constexpr unsigned full_before_bulk = 16;
    static constexpr unsigned most_at_once = 4;

    [[nodiscard]] bool fits_bulk(std::uint32_t buffer_bytes) const noexcept {
        return asked_ >= std::size_t{4} * buffer_bytes;
    }

    std::size_t asked_ = 0; // by the last read
    unsigned full_ = 0;     // buffers in a row that were filled
    unsigned at_once_ = 0;  // system calls since the last poll
    bool bulk_ = false;
    bool drained_ = false;
    std::vector<filled> arrived_; // from first_ on
    std::size_t first_ = 0;
    std::uint32_t consumed_ = 0; // of the first
    int end_result_ = 0;
};

} // namespace siding::detail
