// SPDX-License-Identifier: MIT
#include "proc/audit.hpp"

#include "proc/orphans.hpp"
#include "proc/posix.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>

namespace proc {

struct auditor::shared {
    // Relaxed throughout: single numbers, and no other memory hangs on them.
    std::atomic<std::size_t> most_seen = 0;
    std::atomic<std::size_t> looks = 0;
    std::atomic<bool> stop = false;
    std::atomic<bool> ended = false;
};

namespace {

constexpr int looks_in_a_row = 3;

template <class Shared>
[[noreturn]] void watch(pid_t watched, std::size_t most_threads, std::vector<pid_t> const& except,
                        Shared& shared) {
    using namespace std::chrono_literals;
    // Copies of the rig's pipes would keep them open, and so keep alive whoever waits for their
    // end.
    ::close_range(0, ~0u, 0);
    auto in_excess = 0;
    std::size_t least_excess = 0;
    while (!shared.stop.load(std::memory_order_relaxed)) {
        auto const threads = count_live_threads(watched, except);
        if (threads == 0) break; // it has ended, perhaps by the watchdog
        if (threads > most_threads) {
            // An ending thread may still be there when its successor starts: insist.
            least_excess = in_excess == 0 ? threads : std::min(least_excess, threads);
            if (++in_excess >= looks_in_a_row) {
                shared.most_seen.store(
                    std::max(least_excess, shared.most_seen.load(std::memory_order_relaxed)),
                    std::memory_order_relaxed);
            }
        } else {
            in_excess = 0;
        }
        shared.looks.fetch_add(1, std::memory_order_relaxed);
        std::this_thread::sleep_for(1ms);
    }
    shared.ended.store(true, std::memory_order_relaxed);
    ::_exit(0);
}

} // namespace

auditor::auditor(std::size_t most_threads, std::vector<pid_t> const& except) {
    auto* const memory =
        ::mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw_errno("mmap");
    shared_ = new (memory) shared();
    auto const watched = ::getpid();
    // Orphaned on purpose: for that moment this process adopts nobody.
    no_adoption const orphaned;
    auto const between = checked(::fork(), "fork");
    if (between == 0) {
        auto const parent = ::getpid();
        if (::fork() == 0) {
            // As long as its parent lives, both are of the tree that it is to count.
            while (::getppid() == parent) {
                std::this_thread::yield();
            }
            watch(watched, most_threads, except, *shared_);
        }
        ::_exit(0);
    }
    while (::waitpid(between, nullptr, 0) == -1 && errno == EINTR) {
    }
    while (shared_->looks.load(std::memory_order_relaxed) == 0) {
        std::this_thread::yield();
    }
}

auditor::~auditor() {
    shared_->stop.store(true, std::memory_order_relaxed);
    while (!shared_->ended.load(std::memory_order_relaxed)) {
        std::this_thread::yield();
    }
    ::munmap(shared_, sizeof(shared));
}

std::size_t auditor::most_seen() const noexcept {
    return shared_->most_seen.load(std::memory_order_relaxed);
}

} // namespace proc
