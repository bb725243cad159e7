// SPDX-License-Identifier: MIT
#include "siding/detail/timer_wheel.hpp"

#include <algorithm>
#include <utility>

namespace siding::detail {
namespace {

timer& as_timer(linked_waiter* w) noexcept { return *static_cast<timer*>(w); }

} // namespace

unsigned timer_wheel::first_level() const noexcept {
    unsigned level = 0;
    while (used_[level] == 0) {
        ++level;
    }
    return level;
}

std::uint64_t timer_wheel::start_of(unsigned level, unsigned slot) const noexcept {
    auto const shift = bits * level;
    // The top level has fewer than 64 bits above it: a shift by 64 or more would be undefined.
    auto const above = shift + bits >= 64 ? 0 : ~std::uint64_t{0} << (shift + bits);
    return (position_ & above) | (std::uint64_t{slot} << shift);
}

std::size_t timer_wheel::size() const noexcept {
    auto all = size_;
    for (auto* w = never_.front(); w != nullptr; w = never_.after(*w)) {
        ++all;
    }
    return all;
}

timer* timer_wheel::pop_due(std::uint64_t now_ns) noexcept {
    if (size_ == 0) {
        if (now_ns > never_ns) return never_.empty() ? nullptr : &as_timer(&never_.pop_front());
        position_ = std::max(position_, now_ns);
        return nullptr;
    }
    if (!overdue_.empty()) {
        --size_;
        return &as_timer(&overdue_.pop_front());
    }
    while (true) {
        auto const level = first_level();
        auto const slot = static_cast<unsigned>(std::countr_zero(used_[level]));
        auto const start = start_of(level, slot);
        if (start > now_ns) {
            position_ = std::max(position_, now_ns); // still below every used slot
            return nullptr;
        }
        auto& list = wheel_[level][slot];
        auto& first = as_timer(list.front());
        bool const alone = list.after(first) == nullptr;
        if (level == 0 || (alone && first.deadline_ns <= now_ns)) {
            take(first, level);
            position_ = first.deadline_ns;
            --size_;
            return &first;
        }
        auto spread = std::exchange(list, {});
        used_[level] &= ~(std::uint64_t{1} << slot);
        position_ = start; // ahead of it, as every used slot above level 0
        while (!spread.empty()) {
            auto& t = as_timer(&spread.pop_front());
            __builtin_prefetch(spread.front()); // cold frames, one behind the other
            place(t);
        }
    }
}

std::uint64_t timer_wheel::next_wake_ns() const noexcept {
    if (size_ == 0) return never_ns;
    if (!overdue_.empty()) return 0;
    auto const level = first_level();
    auto const slot = static_cast<unsigned>(std::countr_zero(used_[level]));
    auto const& list = wheel_[level][slot];
    auto earliest = ~std::uint64_t{0};
    int looked_at = 0;
    for (auto* w = list.front(); w != nullptr; w = list.after(*w)) {
        // Waking at the start of a slot that holds many costs one wake-up for all of them.
        if (++looked_at > 16) return start_of(level, slot);
        earliest = std::min(earliest, as_timer(w).deadline_ns);
    }
    return earliest;
}

void timer_wheel::insert_overdue(timer& t) noexcept {
    waiter_list later;
    while (!overdue_.empty() && as_timer(overdue_.front()->previous).deadline_ns > t.deadline_ns) {
        auto& last = *overdue_.front()->previous;
        overdue_.erase(last);
        later.push_back(last);
    }
    overdue_.push_back(t);
    while (!later.empty()) {
        auto& last = *later.front()->previous;
        later.erase(last);
        overdue_.push_back(last);
    }
}

} // namespace siding::detail
