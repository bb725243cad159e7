// SPDX-License-Identifier: MIT
#include "kernel/fork_join/fib.hpp"

namespace kernel {

std::uint64_t fib(std::uint64_t n) noexcept { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

} // namespace kernel
