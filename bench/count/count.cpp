// SPDX-License-Identifier: MIT
// Counts the allocations of a process and its forked children when it is preloaded (LD_PRELOAD), by
// standing before malloc and its kin. The cell main finds `switchyard_counts` and notes what lies
// between two snapshots. A process that measures never has this in it.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

extern "C" {
// What glibc itself calls: no look-up by name, which would allocate in its turn.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

struct counts {
    std::atomic<std::uint64_t> allocations;
    std::atomic<std::uint64_t> bytes;
};

counts* shared = nullptr; ///< MAP_SHARED, so that a forked child counts into the same page

__attribute__((constructor)) void make_page() {
    auto* const page =
        ::mmap(nullptr, sizeof(counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) shared = static_cast<counts*>(page);
}

void count(std::size_t bytes) {
    if (shared == nullptr) return;
    // Only sums are read, and only when the counting threads are known to have ended their work.
    shared->allocations.fetch_add(1, std::memory_order_relaxed);
    shared->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

} // namespace

extern "C" {

/// Allocations and bytes asked for since the process began.
void switchyard_counts(std::uint64_t* allocations, std::uint64_t* bytes) {
    *allocations = shared == nullptr ? 0 : shared->allocations.load(std::memory_order_relaxed);
    *bytes = shared == nullptr ? 0 : shared->bytes.load(std::memory_order_relaxed);
}

void* malloc(std::size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}

void* calloc(std::size_t number, std::size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void* realloc(void* old, std::size_t bytes) {
    count(bytes);
    return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
    count(bytes);
    auto* const made = __libc_memalign(alignment, bytes);
    if (made == nullptr && bytes != 0) return ENOMEM;
    *result = made;
    return 0;
}
}
