// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <ucontext.h>
#include <vector>

/// Runs small programs of a few threads in every interleaving with a few preemptions at most, on
/// the memory of an x86: each thread has a buffer of stores that others do not see yet. Beyond x86,
/// the newest stores of a buffer may still be in the compiler's hands, for without a fence it may
/// delay them; `issued` counts the others. Depth first over recorded choices; each execution begins
/// anew. Threads are contexts of one real thread, so that an execution can be repeated exactly.
namespace explorer {

class memory_cell {
public:
    std::uint64_t value = 0;
};

struct limits {
    unsigned preemptions = 3;
    std::uint64_t executions = 3'000'000; ///< beyond this the exploration counts as incomplete
};

struct findings {
    std::uint64_t executions = 0;
    bool complete = false;
    std::string failure; ///< of the first execution that failed; "" if none did
};

/// What the threads of one execution do; made anew for each.
struct program {
    virtual ~program() = default;
    [[nodiscard]] virtual std::vector<std::function<void()>> threads() = 0;
    /// After all have ended: "" or what is wrong.
    [[nodiscard]] virtual std::string verdict() = 0;
};

[[nodiscard]] findings explore(std::function<std::unique_ptr<program>()> const& make,
                               limits const& within = {});

// What the atomics of the model call, in a thread of an execution or while a program is made.

[[nodiscard]] std::uint64_t load(memory_cell const& from);
void store(memory_cell& to, std::uint64_t value);
/// One atomic step: `change` gets the value and says whether, and what, to write.
std::uint64_t modify(memory_cell& cell, std::function<bool(std::uint64_t&)> const& change);
/// The compiler gives out what it holds back; the processor does not.
void compiler_fence();
/// Every running processor empties its buffer: membarrier.
void barrier_of_all();
void wait(memory_cell const& word, std::uint64_t value);
void wake_one(memory_cell const& word);

} // namespace explorer
