// SPDX-License-Identifier: MIT
#include "siding/detail/pool.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace siding::detail::pool {
namespace {

constexpr std::size_t slab_bytes = 256 * 1024;

/// How many blocks of a class a thread keeps when it shares, and takes at a time of what is shared.
constexpr int batch_blocks = 64;

/// The first of a list of free blocks that a thread has given away.
struct batch : block {
    batch* next_batch;
};
static_assert(sizeof(batch) <= step);

/// Every slab ever made, so that a leak checker finds them reachable, the free lists that ended
/// threads left behind, and what threads have shared.
struct depot {
    std::mutex mutex;
    std::vector<void*> slabs;
    std::vector<cache> orphans;
    std::array<batch*, classes + 1> shared{};
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

thread_local std::size_t live_when_shared = 0;

/// The last of the first `batch_blocks` of a list that is not empty.
block& end_of_batch(block& first) noexcept {
    auto* last = &first;
    for (int i = 1; i < batch_blocks && last->next != nullptr; ++i) {
        last = last->next;
    }
    return *last;
}

void push_shared(batch*& to, block& first) noexcept {
    auto* const rest = first.next;
    auto* const head = ::new (static_cast<void*>(&first)) batch;
    head->next = rest;
    head->next_batch = std::exchange(to, head);
}

/// Takes a batch of what others have shared.
[[nodiscard]] block* take_shared(batch*& from) noexcept {
    if (from == nullptr) return nullptr;
    auto* const taken = std::exchange(from, from->next_batch);
    auto& last = end_of_batch(*taken);
    if (auto* const rest = std::exchange(last.next, nullptr)) push_shared(from, *rest);
    return taken;
}

/// Takes what another thread has shared or left, or else a new slab.
void refill(std::size_t index) {
    auto& all = the_depot();
    std::lock_guard const lock(all.mutex);
    local.free[index] = take_shared(all.shared[index]);
    if (local.free[index] != nullptr) {
        leave.armed = true;
        return;
    }
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
        memory_is_wanted.store(true, std::memory_order_relaxed); // a hint
    }
    leave.armed = true;
}

/// It serves the class that it fits.
void keep_rest_of_slab() noexcept {
    auto& mine = local;
    auto const rest = static_cast<std::size_t>(mine.fresh_end - mine.fresh);
    if (rest == 0) return;
    auto& list = mine.free[rest / step];
    list = ::new (mine.fresh) block{list};
    mine.fresh = mine.fresh_end;
}

} // namespace

void share() noexcept {
    auto& all = the_depot();
    std::lock_guard const lock(all.mutex);
    memory_is_wanted.store(false, std::memory_order_relaxed);
    live_when_shared = local.live;
    for (std::size_t index = 1; index <= classes; ++index) {
        auto* const first = local.free[index];
        if (first == nullptr) continue;
        auto* const rest = std::exchange(end_of_batch(*first).next, nullptr);
        if (rest != nullptr) push_shared(all.shared[index], *rest);
    }
}

bool has_surplus() noexcept {
    constexpr std::ptrdiff_t most = 1024;
    return static_cast<std::ptrdiff_t>(live_when_shared - local.live) > most;
}

std::size_t reserved_bytes() noexcept {
    auto& all = the_depot();
    std::lock_guard const lock(all.mutex);
    return all.slabs.size() * slab_bytes;
}

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
        keep_rest_of_slab();
        refill(index);
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
