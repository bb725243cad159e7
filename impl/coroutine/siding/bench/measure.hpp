// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

/// What every contender's file shares: the sizes, the clocks and the way a figure is reported, so
/// that the same benchmark name means the same work in each executable.
namespace measure {

inline constexpr int many_tasks = 1'000;
inline constexpr std::uint64_t timers = 100'000;
inline constexpr std::uint64_t few_timers = 10'000;

/// Length of timer `i`: 1 to 10 ms, the same sequence everywhere.
[[nodiscard]] constexpr std::chrono::nanoseconds timer_length(std::uint64_t i) noexcept {
    auto x = (i + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    return std::chrono::nanoseconds(1'000'000 + (x ^ (x >> 27)) % 9'000'001);
}

[[nodiscard]] inline std::int64_t clock_ns(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}
[[nodiscard]] inline std::int64_t cpu_ns() noexcept { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }
[[nodiscard]] inline std::int64_t wall_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }

/// Resident bytes of this process, from /proc/self/statm.
[[nodiscard]] inline std::int64_t resident_bytes() {
    long total = 0;
    long resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * 4096;
}

/// Reports CPU time as the manual time of `operations` operations.
template <class Work>
void by_cpu_time(benchmark::State& state, std::uint64_t operations, Work work) {
    for (auto _ : state) {
        auto const before = cpu_ns();
        work();
        state.SetIterationTime(static_cast<double>(cpu_ns() - before) * 1e-9 /
                               static_cast<double>(operations));
    }
}

/// The p99 of `lateness_ns`, as the counter `p99_lateness_us`.
inline void report_lateness(benchmark::State& state, std::vector<std::int64_t>& lateness_ns) {
    auto const rank =
        lateness_ns.begin() + static_cast<std::ptrdiff_t>(lateness_ns.size() * 99 / 100);
    std::nth_element(lateness_ns.begin(), rank, lateness_ns.end());
    state.counters["p99_lateness_us"] = static_cast<double>(*rank) * 1e-3;
}

/// Bytes per waiting unit: the slope of resident memory between `units` waiting units and none
/// more, all alive. `start(n)` makes n further units that wait; the first tenth is not counted, for
/// it pays for what is allocated once.
template <class Start>
void report_bytes_per_unit(benchmark::State& state, std::uint64_t units, Start start) {
    for (auto _ : state) {
        start(units / 10);
        auto const before = resident_bytes();
        start(units);
        state.counters["bytes_per_unit"] =
            static_cast<double>(resident_bytes() - before) / static_cast<double>(units);
    }
}

} // namespace measure
