// SPDX-License-Identifier: MIT
#include "kernel/spin.hpp"

namespace kernel {

void spin_for(std::chrono::nanoseconds length) noexcept {
    auto const until = std::chrono::steady_clock::now() + length;
    while (std::chrono::steady_clock::now() < until) {
    }
}

} // namespace kernel
