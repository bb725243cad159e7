// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <chrono>
#include <sys/prctl.h>

namespace proc {

/// How much later than asked the kernel may end a sleep of this thread, and of the threads and
/// children that it starts from now on, who inherit it; as before when this ends. Zero changes
/// nothing. See PR_SET_TIMERSLACK in prctl(2).
class timer_slack {
public:
    explicit timer_slack(std::chrono::nanoseconds most)
        : before_(checked(::prctl(PR_GET_TIMERSLACK), "PR_GET_TIMERSLACK")) {
        if (most.count() == 0) return;
        checked(::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(most.count())),
                "PR_SET_TIMERSLACK");
    }
    timer_slack(timer_slack const&) = delete;
    timer_slack& operator=(timer_slack const&) = delete;
    ~timer_slack() { ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(before_)); }

private:
    int before_;
};

} // namespace proc
