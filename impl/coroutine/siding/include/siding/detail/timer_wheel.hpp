// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/waiter.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace siding::detail {

/// A waiter with a deadline. `deadline_ns` must not change while it is linked.
struct timer : linked_waiter {
    using linked_waiter::linked_waiter;

    std::uint64_t deadline_ns = 0;
};

/// All timers of a loop, exact to the nanosecond: earliest deadline first, equal deadlines in the
/// order of insertion. Insert and erase are O(1) and touch two or three cache lines.
///
/// A wheel whose tick is one nanosecond: level k has 64 slots and looks at the k-th group of six
/// bits. A timer stands at the level of the highest group in which its deadline differs from
/// `position_`, in the slot that this group names. Hence
///   - every timer of a lower level is earlier than every timer of a higher one, and within a level
///     lower slots are earlier: the first timer is in the first slot of the lowest used level;
///   - the place of a timer follows from its deadline and `position_`, and stays right while
///     `position_` moves on below the first used slot: nothing but the links is stored;
///   - equal deadlines are always in one slot, in order, for a slot is spread over the level below,
///     in order, before `position_` enters it.
class timer_wheel {
public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0 && never_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept;

    void insert(timer& t) noexcept {
        if (t.deadline_ns == never_ns) [[unlikely]] {
            never_.push_back(t);
            return;
        }
        ++size_;
        if (t.deadline_ns < position_) [[unlikely]] {
            insert_overdue(t);
            return;
        }
        place(t);
    }

    void erase(timer& t) noexcept {
        if (t.deadline_ns == never_ns) [[unlikely]] {
            never_.erase(t);
            return;
        }
        --size_;
        if (t.deadline_ns < position_) [[unlikely]] {
            overdue_.erase(t);
            return;
        }
        take(t, level_of(t.deadline_ns));
    }

    /// Unlinks and returns the first timer that is due at `now_ns`, or nullptr. `now_ns` never
    /// decreases. At ~0 all are due, those that never come last.
    [[nodiscard]] timer* pop_due(std::uint64_t now_ns) noexcept;

    /// When to wake up for the first timer: its deadline, or somewhat earlier if finding that out
    /// would mean to look at many; never_ns without one that ever comes.
    [[nodiscard]] std::uint64_t next_wake_ns() const noexcept;

private:
    static constexpr unsigned bits = 6;
    static constexpr unsigned slots = 1u << bits;
    static constexpr unsigned levels = 64 / bits + 1;

    [[nodiscard]] unsigned level_of(std::uint64_t deadline_ns) const noexcept {
        // `| 1`: a deadline equal to the position is of level 0.
        return static_cast<unsigned>(std::bit_width((deadline_ns ^ position_) | 1u) - 1) / bits;
    }
    [[nodiscard]] static unsigned slot_of(std::uint64_t deadline_ns, unsigned level) noexcept {
        return static_cast<unsigned>(deadline_ns >> (bits * level)) & (slots - 1);
    }

    void place(timer& t) noexcept {
        auto const level = level_of(t.deadline_ns);
        auto const slot = slot_of(t.deadline_ns, level);
        wheel_[level][slot].push_back(t);
        used_[level] |= std::uint64_t{1} << slot;
    }
    void take(timer& t, unsigned level) noexcept {
        auto const slot = slot_of(t.deadline_ns, level);
        wheel_[level][slot].erase(t);
        if (wheel_[level][slot].empty()) used_[level] &= ~(std::uint64_t{1} << slot);
    }

    /// The lowest used level; not empty (overdue timers aside).
    [[nodiscard]] unsigned first_level() const noexcept;
    /// The first nanosecond of a slot, given that it lies ahead of `position_`.
    [[nodiscard]] std::uint64_t start_of(unsigned level, unsigned slot) const noexcept;
    void insert_overdue(timer& t) noexcept;

    std::uint64_t position_ = 0; ///< not later than any timer in the wheel, nor than the last `now`
    std::size_t size_ = 0;       ///< of the wheel and `overdue_`
    std::array<std::uint64_t, levels> used_{};
    std::array<std::array<waiter_list, slots>, levels> wheel_{};
    waiter_list overdue_; ///< set in the past; sorted
    waiter_list never_;   ///< beyond the end of time: kept to be cancelled, or ended by the loop
};

} // namespace siding::detail
