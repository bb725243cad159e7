// SPDX-License-Identifier: MIT
// Example 6: CPU-bound work. Tasks take turns on one core; threads and processes use them all.
//
// In Python threads take turns too (the interpreter's lock); in C++ they run side by side.

#include "timeline.hpp"

#include <siding/siding.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

namespace {

constexpr std::size_t limit = 5'000'000;

example::timeline timeline;

/// Primes below `limit`, by the sieve of Eratosthenes: pure computing, no waiting.
long count_primes() {
    std::vector<char> sieve(limit, 1);
    sieve[0] = sieve[1] = 0;
    for (std::size_t number = 2; number * number < limit; ++number) {
        if (sieve[number] == 0) continue;
        for (auto multiple = number * number; multiple < limit; multiple += number) {
            sieve[multiple] = 0;
        }
    }
    return std::count(sieve.begin(), sieve.end(), 1);
}

siding::coroutine<long> as_task(std::string name) {
    timeline.runs(name, "counts primes on the loop");
    auto const primes = count_primes();
    timeline.ended(name, "found " + std::to_string(primes));
    co_return primes;
}

siding::coroutine<long> in_thread(std::string name) {
    timeline.runs(name, "counts primes in a thread");
    auto const primes = co_await siding::to_thread(count_primes);
    timeline.ended(name, "found " + std::to_string(primes));
    co_return primes;
}

/// A forked child writes its answer to a pipe; the loop waits for it as for any other input.
siding::coroutine<long> in_process(std::string name) {
    timeline.runs(name, "counts primes in a process");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    siding::descriptor const from_child(ends[0]);
    auto const child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
        auto const found = count_primes();
        ::_exit(::write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
    }
    ::close(ends[1]);
    long primes = 0;
    auto const bytes =
        co_await siding::read(from_child.get(), std::as_writable_bytes(std::span(&primes, 1)));
    ::waitpid(child, nullptr, 0); // it has answered: it is about to end
    if (bytes != sizeof primes) throw std::runtime_error("the child gave no answer");
    timeline.ended(name, "found " + std::to_string(primes));
    co_return primes;
}

siding::coroutine<> main_task() {
    std::array<long, 6> found{};
    timeline.waits("main", "two tasks");
    std::tie(found[0], found[1]) = co_await siding::gather(as_task("task1"), as_task("task2"));
    timeline.waits("main", "two threads");
    std::tie(found[2], found[3]) =
        co_await siding::gather(in_thread("thread1"), in_thread("thread2"));
    timeline.waits("main", "two processes");
    std::tie(found[4], found[5]) =
        co_await siding::gather(in_process("process1"), in_process("process2"));
    bool const same =
        std::all_of(found.begin(), found.end(), [&](long n) { return n == found[0]; });
    timeline.ended("main", std::string("six times the same answer: ") + (same ? "True" : "False"));
}

} // namespace

int main() {
    siding::run(main_task());
    timeline.draw();
}
