// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <queue>
#include <vector>

namespace process {

/// The timers of one loop: a binary heap, the earliest on top. What is timed must stay where it is
/// until its time has come.
template <class Timed>
class timer_heap {
public:
    void start(Timed& of, std::chrono::nanoseconds length) {
        waiting_.push({clock::now() + length, &of});
    }

    /// Until the first is due, zero if it is; negative if nothing waits.
    [[nodiscard]] std::chrono::nanoseconds patience() const {
        if (waiting_.empty()) return std::chrono::nanoseconds(-1);
        auto const left = waiting_.top().due - clock::now();
        return left < left.zero() ? left.zero() : left;
    }

    /// Takes all that are due now, the earliest first, and calls `visit` for each.
    template <class Visit>
    void take_due(Visit&& visit) {
        if (waiting_.empty()) return;
        auto const now = clock::now();
        while (!waiting_.empty() && waiting_.top().due <= now) {
            auto* const due = waiting_.top().of;
            waiting_.pop();
            visit(*due);
        }
    }

private:
    using clock = std::chrono::steady_clock;

    struct timer {
        clock::time_point due;
        Timed* of;
        bool operator>(timer const& other) const noexcept { return due > other.due; }
    };
    std::priority_queue<timer, std::vector<timer>, std::greater<timer>> waiting_;
};

} // namespace process
