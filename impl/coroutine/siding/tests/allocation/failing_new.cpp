// SPDX-License-Identifier: MIT
#include "failing_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> to_fail{0};
std::atomic<std::size_t> least_bytes_to_fail{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
    auto const least = least_bytes_to_fail.load();
    if (++count == to_fail || (least != 0 && bytes >= least)) throw std::bad_alloc();
    auto const rounded = (bytes + alignment - 1) / alignment * alignment;
    auto* const memory = alignment <= alignof(std::max_align_t)
                             ? std::malloc(bytes == 0 ? 1 : bytes)
                             : std::aligned_alloc(alignment, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

} // namespace

namespace siding_test {

void fail_allocation(std::size_t n) noexcept {
    count = 0;
    to_fail = n;
}

void fail_large_allocations(std::size_t least_bytes) noexcept { least_bytes_to_fail = least_bytes; }

std::size_t allocations() noexcept { return count; }

} // namespace siding_test

// The other forms call these; but where a sanitizer has its own, arrays' forms are not ours by
// themselves.
void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return operator new(bytes, alignment);
}
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
