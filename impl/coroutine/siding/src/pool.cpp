// SPDX-License-Identifier: MIT
#include "siding/detail/pool.hpp"

#include <mutex>
#include <vector>

namespace siding::detail::pool {
namespace {

constexpr std::size_t slab_bytes = 256 * 1024;

/// Every slab ever made, so that a leak checker finds them reachable, and the free lists that ended
/// threads left behind.
struct depot {
    std::mutex mutex;
    std::vector<void*> slabs;
    std::vector<cache> orphans;
};

depot& the_depot() {
    static auto* const only = new depot; // never destroyed: threads may end after static objects
    return *only;
}

/// Runs at the end of a thread that took a slab.
struct at_thread_end {
    bool armed = false;
    ~at_thread_end() {
        if (!armed) return;
        std::lock_guard const lock(the_depot().mutex);
        the_depot().orphans.push_back(local);
        local = {};
    }
};
thread_local at_thread_end leave;

/// Adopts what another thread left, or takes a new slab.
void refill() {
    auto& all = the_depot();
    std::lock_guard const lock(all.mutex);
    if (!leave.armed && !all.orphans.empty()) {
        auto const live = local.live;
        local = all.orphans.back();
        local.live = live;
        all.orphans.pop_back();
    } else {
        if (all.slabs.size() == all.slabs.capacity()) all.slabs.reserve(2 * all.slabs.size() + 1);
        auto* const slab = static_cast<std::byte*>(::operator new(slab_bytes));
        all.slabs.push_back(slab);
        local.fresh = slab;
        local.fresh_end = slab + slab_bytes;
    }
    leave.armed = true;
}

} // namespace

void* allocate_slow(std::size_t bytes) {
    auto& mine = local;
    if (!pooled_frames || bytes > largest) {
        auto* const memory = ::operator new(bytes);
        ++mine.live;
        return memory;
    }
    auto const index = (bytes + step - 1) / step;
    auto const rounded = static_cast<std::ptrdiff_t>(index * step);
    while (mine.fresh_end - mine.fresh < rounded) {
        // The rest of the slab serves the class that it fits.
        if (auto const rest = static_cast<std::size_t>(mine.fresh_end - mine.fresh); rest > 0) {
            auto& list = mine.free[rest / step];
            list = ::new (mine.fresh) block{list};
            mine.fresh = mine.fresh_end;
        }
        refill();
        if (auto* const adopted = mine.free[index]; adopted != nullptr) {
            mine.free[index] = adopted->next;
            ++mine.live;
            return adopted;
        }
    }
    auto* const memory = mine.fresh;
    mine.fresh += rounded;
    ++mine.live;
    return memory;
}

void free_slow(void* memory, std::size_t bytes) noexcept {
    --local.live;
    ::operator delete(memory, bytes);
}

} // namespace siding::detail::pool
