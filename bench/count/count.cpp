// SPDX-License-Identifier: MIT
// Counts the allocations of a process and its forked children when it is preloaded (LD_PRELOAD), by
// standing before malloc and its kin. The cell main finds `switchyard_counts` and notes what lies
// between two snapshots. A process that measures never has this in it.
#include "count/counts.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

extern "C" {
// What glibc itself calls: no look-up by name, which would allocate in its turn.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): glibc's names
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}

namespace {

count::page* shared = nullptr; ///< so that a forked child counts into the same page

/// A program that the tracer has let go, such as the load generator, inherits what names the page.
bool is_traced() {
    auto* const status = std::fopen("/proc/self/status", "re");
    if (status == nullptr) return false;
    auto tracer = 0;
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), status) != nullptr) {
        if (std::sscanf(line.data(), "TracerPid: %d", &tracer) == 1) break;
    }
    std::fclose(status);
    return tracer != 0;
}

/// The tracer's page in what it traces, otherwise a page of this process alone.
__attribute__((constructor)) void make_page() {
    auto const map = [](int flags, int fd) {
        return ::mmap(nullptr, sizeof(count::page), PROT_READ | PROT_WRITE, flags, fd, 0);
    };
    auto const* const named = std::getenv(count::page_variable);
    auto* made = MAP_FAILED;
    if (named != nullptr && is_traced()) made = map(MAP_SHARED, std::atoi(named));
    if (made == MAP_FAILED) made = map(MAP_SHARED | MAP_ANONYMOUS, -1);
    if (made != MAP_FAILED) shared = static_cast<count::page*>(made);
}

void count_allocation(std::size_t bytes) {
    if (shared == nullptr) return;
    shared->allocations.fetch_add(1, std::memory_order_relaxed);
    shared->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

} // namespace

extern "C" {

void switchyard_counts(count::snapshot* now) {
    if (shared == nullptr) return;
    now->allocations = shared->allocations.load(std::memory_order_relaxed);
    now->bytes = shared->bytes.load(std::memory_order_relaxed);
    now->system_calls = shared->system_calls.load(std::memory_order_relaxed);
    now->traced = shared->traced.load(std::memory_order_relaxed);
}

void* malloc(std::size_t bytes) {
    count_allocation(bytes);
    return __libc_malloc(bytes);
}

void* calloc(std::size_t number, std::size_t size) {
    count_allocation(number * size);
    return __libc_calloc(number, size);
}

void* realloc(void* old, std::size_t bytes) {
    count_allocation(bytes);
    return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
    count_allocation(bytes);
    return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    count_allocation(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
    count_allocation(bytes);
    auto* const made = __libc_memalign(alignment, bytes);
    if (made == nullptr && bytes != 0) return ENOMEM;
    *result = made;
    return 0;
}
}
