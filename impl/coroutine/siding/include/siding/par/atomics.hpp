// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define SIDING_DETAIL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIDING_DETAIL_TSAN 1
#endif
#endif

namespace siding::detail::fork_join {

/// Whether the kernel has membarrier; set before the first pool starts its threads.
extern constinit bool has_membarrier;

/// The atomics that the lock-free parts run on; tests put an explorer of interleavings in its
/// place.
///
/// The two fences are one fence that is paid for on one side only: all that a thread did before
/// `light_fence` is seen by who passes `heavy_fence` after it, or else that thread sees, after its
/// `light_fence`, what the other did before its `heavy_fence`. The light one costs nothing, the
/// heavy one is a system call that makes every running thread of the process pass a barrier.
struct real_atomics {
    template <class T>
    using atomic = std::atomic<T>;

    static void light_fence() noexcept {
#ifdef SIDING_DETAIL_TSAN
        own_fence();
#else
        // The compiler must not move memory accesses across, the processor may: membarrier looks
        // after that.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (!has_membarrier) [[unlikely]]
            std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
    }
    static void heavy_fence() noexcept {
#ifdef SIDING_DETAIL_TSAN
        own_fence();
#else
        heavy_fence_slow();
#endif
    }
    /// Blocks while `word` is `value`; may return early.
    static void wait(std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept;
    static void wake(std::atomic<std::uint32_t>& word) noexcept;

private:
    static void heavy_fence_slow() noexcept;
    /// ThreadSanitizer knows no fences. A read-modify-write is one on this machine, and one of a
    /// variable of this thread alone tells the sanitizer nothing, so that no race hides behind it.
    [[maybe_unused]] static void own_fence() noexcept {
        static thread_local std::atomic<int> mine = 0;
        mine.fetch_add(1, std::memory_order_seq_cst);
    }
};

} // namespace siding::detail::fork_join
