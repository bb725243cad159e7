// SPDX-License-Identifier: MIT
#include "siding/par/atomics.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace siding::detail::fork_join {
namespace {

bool register_membarrier() noexcept {
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

} // namespace

constinit bool has_membarrier = false;

/// A registration lasts as long as the process, but not across fork: each pool asks again.
void prepare_fences() noexcept {
    if (register_membarrier()) has_membarrier = true;
}

void real_atomics::heavy_fence_slow() noexcept {
#ifdef SIDING_DETAIL_TSAN
    own_fence();
#else
    if (has_membarrier) {
        ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    } else {
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }
#endif
}

void real_atomics::wait(std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void real_atomics::wake(std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace siding::detail::fork_join
