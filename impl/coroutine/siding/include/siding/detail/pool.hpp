// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/config.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <new>

/// Where coroutine frames, futures and callbacks live: per-thread free lists by size class. A block
/// goes back to the list of the thread that frees it, from where `share` brings it to others; slabs
/// are never returned to the system, for a block may outlive its thread.
namespace siding::detail::pool {

// 16-byte steps because a frame may hold a 16-byte aligned local; above, blocks are rare.
inline constexpr std::size_t step = 16;
inline constexpr std::size_t largest = 1024;
inline constexpr std::size_t classes = largest / step;

struct block {
    block* next;
};

struct cache {
    std::array<block*, classes + 1> free{};
    std::byte* fresh = nullptr;
    std::byte* fresh_end = nullptr;
    std::size_t live = 0; ///< blocks of this thread allocated minus freed; wraps when others free
};
inline constinit thread_local cache local{};

[[nodiscard]] void* allocate_slow(std::size_t bytes);
void free_slow(void* memory, std::size_t bytes) noexcept;

/// Some thread has taken a new slab since the last `share`.
inline std::atomic<bool> memory_is_wanted{false};
/// Gives what this thread has too much of to those who want it. For threads that free what others
/// allocate, now and then: else blocks would pile up here while the others take slab after slab.
void share() noexcept;
/// More blocks of others have been freed here since the last `share` than are worth keeping.
[[nodiscard]] bool has_surplus() noexcept;
/// Bytes in slabs, of all threads.
[[nodiscard]] std::size_t reserved_bytes() noexcept;

[[nodiscard]] inline void* allocate(std::size_t bytes) {
    auto& mine = local;
    if (pooled_frames && bytes <= largest) {
        auto& first = mine.free[(bytes + step - 1) / step];
        if (first != nullptr) [[likely]] {
            auto* const taken = first;
            first = taken->next;
            ++mine.live;
            return taken;
        }
    }
    return allocate_slow(bytes);
}

inline void free(void* memory, std::size_t bytes) noexcept {
    auto& mine = local;
    if (pooled_frames && bytes <= largest) [[likely]] {
        auto& first = mine.free[(bytes + step - 1) / step];
        first = ::new (memory) block{first};
        --mine.live;
        return;
    }
    free_slow(memory, bytes);
}

/// Gives a class its memory from the pool.
struct pooled {
    static void* operator new(std::size_t bytes) { return allocate(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept { free(memory, bytes); }
};

} // namespace siding::detail::pool

namespace siding {

/// Frames, futures and callbacks of this thread that are alive: 0 when all is cleaned up.
[[nodiscard]] inline std::size_t live_blocks() noexcept { return detail::pool::local.live; }

} // namespace siding
