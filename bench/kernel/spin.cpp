// SPDX-License-Identifier: MIT
#include "kernel/spin.hpp"

#include "kernel/random.hpp"

#include <cstdint>
#include <ctime>

namespace kernel {
namespace {

std::chrono::nanoseconds thread_time() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

} // namespace

void spin_for(std::chrono::nanoseconds length) noexcept {
    auto const until = std::chrono::steady_clock::now() + length;
    while (std::chrono::steady_clock::now() < until) {
    }
}

void burn(std::chrono::nanoseconds length) noexcept {
    auto const until = thread_time() + length;
    // The clock is a system call: most of the time goes into arithmetic between two readings, about
    // a microsecond each.
    std::uint64_t volatile result = 0;
    while (thread_time() < until) {
        auto state = result;
        for (auto i = 0; i < 256; ++i) {
            state = mix(state);
        }
        result = state;
    }
}

} // namespace kernel
