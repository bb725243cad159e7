// SPDX-License-Identifier: MIT
#pragma once

#include "siding/par/atomics.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace siding::detail::fork_join {

/// The owner pushes and pops at the newest end, thieves take the oldest. Split: the owner's part is
/// its alone and needs no atomic; its oldest items, a few, are shared in a ring. The idea is that
/// of private deques (Acar, Charguéraud, Rainey, PPoPP 2013) and of split ones (van Dijk, van de
/// Pol, Euro-Par 2014); here no thief has to ask, for each push shares anew when the ring is empty.
///
/// Why one item is never taken twice: indices of the ring only grow, in 64 bits, so they do not
/// wrap. An item of the ring is taken by who raises `first_` past it: a thief by one, the owner to
/// the end, when it has nothing else left. A place in the ring is written again only after `first_`
/// has passed it, and then the exchange of a thief that has read it before fails.
///
/// What it costs: a thief takes what is shared and no more until the owner forks again. What it
/// spares: with all items open to thieves (Chase and Lev, SPAA 2005), each pop passes a fence, or
/// each theft a membarrier(2), which took 21 us on the virtual machine this was written on.
///
/// `MostShared`: the most items at a time.
template <class Atomics = real_atomics, std::uint64_t MostShared = 16>
class work_deque {
public:
    using item = void*;

    explicit work_deque(std::size_t capacity = 256)
        : items_(new item[capacity]), capacity_(capacity) {}
    work_deque(work_deque const&) = delete;
    work_deque& operator=(work_deque const&) = delete;

    /// Owner only. Throws std::bad_alloc when it must grow and cannot.
    void push(item pushed) {
        if (newest_ == capacity_) [[unlikely]]
            make_room();
        items_[newest_++] = pushed;
        // Relaxed: thieves only raise it, and who sees an older value shares at the next push.
        if (first_.load(std::memory_order_relaxed) == shared_end_) [[unlikely]]
            share();
    }

    /// Owner only. False: the newest item has been stolen, and so have all others.
    [[nodiscard]] bool pop() noexcept {
        if (newest_ == oldest_) [[unlikely]]
            return pop_shared();
        --newest_;
        return true;
    }

    /// Any thread. nullptr: nothing is shared, or another thread was quicker.
    [[nodiscard]] item steal() noexcept {
        auto first = first_.load(std::memory_order_acquire);
        // Acquire: of the release in share, so the item is seen, and the frame behind it.
        if (first >= end_.load(std::memory_order_acquire)) return nullptr;
        auto* const taken = ring_[first % MostShared].load(std::memory_order_relaxed);
        // Release: the item was read before the owner may write its place again.
        if (!first_.compare_exchange_strong(first, first + 1, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
            return nullptr;
        }
        return taken;
    }

    /// Any thread; a hint.
    [[nodiscard]] bool looks_empty() const noexcept {
        return first_.load(std::memory_order_acquire) >= end_.load(std::memory_order_acquire);
    }

private:
    template <class T>
    using atomic = typename Atomics::template atomic<T>;

    /// The ring is empty: the older half goes there.
    void share() noexcept {
        // Acquire: the thieves have read the places that are written now.
        static_cast<void>(first_.load(std::memory_order_acquire));
        auto const count = std::min<std::uint64_t>((newest_ - oldest_ + 1) / 2, MostShared);
        for (std::uint64_t i = 0; i < count; ++i) {
            ring_[(shared_end_ + i) % MostShared].store(items_[oldest_ + i],
                                                        std::memory_order_relaxed);
        }
        oldest_ += count;
        shared_end_ += count;
        end_.store(shared_end_, std::memory_order_release);
    }

    /// Takes back what is left in the ring. Its items still stand below `oldest_`.
    [[nodiscard]] bool pop_shared() noexcept {
        auto first = first_.load(std::memory_order_acquire);
        while (first != shared_end_) {
            if (first_.compare_exchange_strong(first, shared_end_, std::memory_order_acq_rel,
                                               std::memory_order_acquire)) {
                oldest_ -= shared_end_ - first;
                --newest_;
                return true;
            }
        }
        oldest_ = newest_ = 0;
        return false;
    }

    void make_room() {
        // What lies below has been stolen, or is in the ring and at most its length.
        auto const kept_from = oldest_ - std::min<std::size_t>(oldest_, MostShared);
        auto const kept = newest_ - kept_from;
        auto const capacity = 2 * kept > capacity_ ? 2 * capacity_ : capacity_;
        std::unique_ptr<item[]> wider(new item[capacity]);
        std::copy_n(items_.get() + kept_from, kept, wider.get());
        items_ = std::move(wider);
        capacity_ = capacity;
        newest_ -= kept_from;
        oldest_ -= kept_from;
    }

    // The owner's.
    alignas(64) std::unique_ptr<item[]> items_;
    std::size_t capacity_;
    std::size_t oldest_ = 0; ///< of those that are not shared
    std::size_t newest_ = 0; ///< one past it
    std::uint64_t shared_end_ = 0;
    // What thieves write.
    alignas(64) atomic<std::uint64_t> first_ = 0;
    // What the owner writes and thieves read.
    alignas(64) atomic<std::uint64_t> end_ = 0;
    std::array<atomic<item>, MostShared> ring_{};
};

} // namespace siding::detail::fork_join
