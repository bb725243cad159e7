// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>

namespace thread_model {

/// A moment some time from now, for calls that wait in several steps.
class deadline {
public:
    explicit deadline(std::chrono::nanoseconds length) : at_(clock::now() + length) {}

    /// Zero once it has come.
    [[nodiscard]] std::chrono::nanoseconds left() const {
        return std::max<std::chrono::nanoseconds>(at_ - clock::now(), std::chrono::nanoseconds(0));
    }

private:
    using clock = std::chrono::steady_clock;

    clock::time_point at_;
};

[[nodiscard]] inline timespec as_timespec(std::chrono::nanoseconds length) {
    auto const whole = std::chrono::duration_cast<std::chrono::seconds>(length);
    return {static_cast<time_t>(whole.count()), static_cast<long>((length - whole).count())};
}

} // namespace thread_model
