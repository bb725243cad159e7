// SPDX-License-Identifier: MIT
#pragma once

#include <linux/io_uring.h>
#include <linux/time_types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace siding::detail {

/// One io_uring instance on raw system calls: a submission queue that is filled without a system
/// call, and one `enter` a turn that submits and waits. Source: io_uring(7), io_uring_setup(2),
/// io_uring_enter(2). Not thread-safe: the thread that opened it is its only user.
///
/// liburing is not used: the distribution's 2.3 predates the flags that make the difference
/// (NO_SQARRAY needs 2.6), and what a loop needs of a ring is this class.
class ring {
public:
    /// Opens a ring; drops flags that an older kernel does not know, one rung at a time.
    /// Throws std::system_error: ENOSYS (no io_uring), EPERM (disabled by sysctl or seccomp).
    ring(unsigned submission_entries, unsigned completion_entries);
    ring(ring const&) = delete;
    ring& operator=(ring const&) = delete;
    ~ring();

    /// In a forked child, which shares the ring with its parent but has not its memory.
    void abandon() noexcept;

    /// A zeroed submission entry, or nullptr when the queue is full (then `enter` first).
    /// It is submitted by the next `enter`.
    [[nodiscard]] io_uring_sqe* prepare() noexcept;

    /// Entries prepared and not yet submitted.
    [[nodiscard]] unsigned prepared() const noexcept { return tail_ - submitted_; }

    /// Entries that `prepare` can still give before the next `enter`.
    [[nodiscard]] unsigned room() const noexcept {
        return submission_entries_ - (tail_ - submission_head_->load(std::memory_order_acquire));
    }

    /// Submits what is prepared and waits for at least `least` completions or the timeout
    /// (nullptr: none). Returns 0, or a negative errno: -ETIME (timeout), -EINTR, -EBUSY or -EAGAIN
    /// (reap first, then again). What was not submitted stays prepared.
    int enter(unsigned least, __kernel_timespec const* timeout) noexcept;

    /// Completions are in the queue, or the kernel holds task work that `enter` would turn into
    /// some.
    [[nodiscard]] bool ready() const noexcept;

    /// Calls `use(cqe)` for each completion there is; returns how many. The queue is released once
    /// at the end, so `use` must not call `reap`.
    template <class Use>
    unsigned reap(Use use) {
        auto head = completion_head_->load(std::memory_order_relaxed); // only this thread writes it
        // acquire: pairs with the kernel's release of the tail, the entries are written.
        auto const tail = completion_tail_->load(std::memory_order_acquire);
        auto const count = tail - head;
        for (; head != tail; ++head) {
            use(static_cast<io_uring_cqe const&>(completions_[head & completion_mask_]));
        }
        // release: the kernel may overwrite the entries only after they were read.
        completion_head_->store(head, std::memory_order_release);
        return count;
    }

    /// Completions that the kernel could not deliver; stays 0 while the queue is large enough or
    /// the kernel keeps overflowed ones (IORING_FEAT_NODROP).
    [[nodiscard]] std::uint32_t dropped() const noexcept {
        return overflow_->load(std::memory_order_relaxed);
    }

    /// io_uring_register(2) on this ring; returns its result or a negative errno.
    int register_with(unsigned opcode, void const* argument, unsigned count) noexcept;

    [[nodiscard]] unsigned setup_flags() const noexcept { return setup_flags_; }
    [[nodiscard]] unsigned features() const noexcept { return features_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] unsigned completion_entries() const noexcept { return completion_mask_ + 1; }

private:
    using counter = std::atomic<std::uint32_t>; // shared with the kernel
    static_assert(sizeof(counter) == 4 && counter::is_always_lock_free);

    void map(io_uring_params const& params);
    void unmap() noexcept;

    int descriptor_ = -1;
    unsigned setup_flags_ = 0;
    unsigned features_ = 0;

    std::byte* rings_ = nullptr; // both queues' counters and the completion entries
    std::size_t rings_bytes_ = 0;
    io_uring_sqe* submissions_ = nullptr;
    std::size_t submissions_bytes_ = 0;

    counter* submission_head_ = nullptr; // written by the kernel
    counter* submission_tail_ = nullptr;
    counter* submission_flags_ = nullptr;
    unsigned submission_entries_ = 0;
    unsigned submission_mask_ = 0;
    unsigned tail_ = 0;      // of what is prepared
    unsigned submitted_ = 0; // what the kernel knows of

    counter* completion_head_ = nullptr;
    counter* completion_tail_ = nullptr; // written by the kernel
    counter* overflow_ = nullptr;
    unsigned completion_mask_ = 0;
    io_uring_cqe* completions_ = nullptr;
};

} // namespace siding::detail
