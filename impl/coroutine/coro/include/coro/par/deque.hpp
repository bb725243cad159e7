// SPDX-License-Identifier: MIT
#pragma once

#include "coro/par/atomics.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace coro::detail::fork_join {

/// The work-stealing deque of Chase and Lev (SPAA 2005): the owner pushes and pops at the bottom,
/// thieves take from the top. Le and others (PPoPP 2013) give the orders for weak memory; here the
/// fence in `pop`, which nearly every task passes, is the light one and thieves pay the heavy one.
///
/// Why one item is never taken twice: an owner that goes below `bottom` and a thief that has read
/// `top` pass a fence each before they read the other's index. Either the thief sees the lower
/// bottom and leaves, or the owner sees the raised top; for the last item both must win the
/// exchange of `top`. Indices only grow, in 64 bits: they do not wrap.
template <class Atomics = real_atomics>
class work_deque {
public:
    using item = void*;

    explicit work_deque(std::size_t capacity = 256) { make_ring(capacity); }
    work_deque(work_deque const&) = delete;
    work_deque& operator=(work_deque const&) = delete;

    /// Owner only. Throws std::bad_alloc when it must grow and cannot.
    void push(item pushed) {
        auto const bottom = bottom_.load(std::memory_order_relaxed);
        if (bottom == full_at_) [[unlikely]]
            make_room(bottom);
        owner_items_[static_cast<std::size_t>(bottom) & owner_mask_].store(
            pushed, std::memory_order_relaxed);
        // Release: a thief that sees the index sees the item, and the frame behind it.
        bottom_.store(bottom + 1, std::memory_order_release);
    }

    /// Owner only. False: the newest item has been stolen, and so have all others.
    [[nodiscard]] bool pop() noexcept {
        auto const bottom = bottom_.load(std::memory_order_relaxed) - 1;
        bottom_.store(bottom, std::memory_order_relaxed);
        Atomics::light_fence();
        auto top = top_.load(std::memory_order_relaxed);
        if (top < bottom) [[likely]]
            return true;
        return pop_last(top, bottom);
    }

    /// Any thread. nullptr: empty, or another thread was quicker.
    [[nodiscard]] item steal() noexcept {
        auto top = top_.load(std::memory_order_acquire);
        // A look first: the fence is dear, and disturbs the owner.
        if (top >= bottom_.load(std::memory_order_relaxed)) return nullptr;
        Atomics::heavy_fence();
        // Acquire: of the release in push.
        if (top >= bottom_.load(std::memory_order_acquire)) return nullptr;
        auto* const taken =
            ring_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
        // Failing, the item may be another's already, or overwritten: it is not looked at.
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed)) {
            return nullptr;
        }
        return taken;
    }

    /// Any thread; a hint.
    [[nodiscard]] bool looks_empty() const noexcept {
        return top_.load(std::memory_order_acquire) >= bottom_.load(std::memory_order_acquire);
    }

private:
    template <class T>
    using atomic = typename Atomics::template atomic<T>;

    struct ring {
        explicit ring(std::size_t size) : mask(size - 1), items(new atomic<item>[size]()) {}
        [[nodiscard]] atomic<item>& at(std::int64_t i) const noexcept {
            return items[static_cast<std::size_t>(i) & mask];
        }
        std::size_t mask;
        std::unique_ptr<atomic<item>[]> items;
    };

    [[nodiscard]] bool pop_last(std::int64_t top, std::int64_t bottom) noexcept {
        auto won = false;
        if (top == bottom) {
            won = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                               std::memory_order_relaxed);
        }
        bottom_.store(bottom + 1, std::memory_order_relaxed);
        return won;
    }

    void make_ring(std::size_t size) {
        use(std::make_unique<ring>(size));
        full_at_ = static_cast<std::int64_t>(size);
    }

    void use(std::unique_ptr<ring> made) {
        rings_.push_back(std::move(made));
        owner_items_ = rings_.back()->items.get();
        owner_mask_ = rings_.back()->mask;
        // Release: who sees the ring sees what was copied.
        ring_.store(rings_.back().get(), std::memory_order_release);
    }

    /// Thieves may still read an old ring, at indices that nobody writes any more; all are kept.
    void make_room(std::int64_t bottom) {
        auto const top = top_.load(std::memory_order_acquire);
        auto const size = static_cast<std::int64_t>(owner_mask_) + 1;
        if (bottom - top >= size) {
            auto const& old = *rings_.back();
            auto wider = std::make_unique<ring>(static_cast<std::size_t>(2 * size));
            for (auto i = top; i < bottom; ++i) {
                wider->at(i).store(old.at(i).load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
            }
            use(std::move(wider));
        }
        full_at_ = top + static_cast<std::int64_t>(owner_mask_) + 1;
    }

    // The owner's line, which thieves only read.
    alignas(64) atomic<std::int64_t> bottom_ = 0;
    std::int64_t full_at_ = 0;            ///< the owner's: up to here there is room for certain
    atomic<item>* owner_items_ = nullptr; ///< of the newest ring
    std::size_t owner_mask_ = 0;
    std::vector<std::unique_ptr<ring>> rings_;
    alignas(64) atomic<std::int64_t> top_ = 0;
    atomic<ring*> ring_ = nullptr;
};

} // namespace coro::detail::fork_join
