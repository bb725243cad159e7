// SPDX-License-Identifier: MIT
// A process that has only just begun, as a cell's has: says where within a page a block and a
// function lie.
#include "proc/placement.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main() {
    proc::move_heap(proc::padding_bytes());
    // Larger than any hole that start-up has left, smaller than what malloc maps.
    auto* const block = std::malloc(100'000);
    auto const offset = [](auto* pointer) {
        return static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(pointer) % 4'096);
    };
    std::printf("%zu %zu\n", offset(block), offset(&proc::move_heap));
    std::free(block);
}
