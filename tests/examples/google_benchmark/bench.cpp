// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string_view>

namespace {

bool example(std::string_view name) {
    char const* given = std::getenv("EXAMPLE");
    return given != nullptr && given == name;
}

void parse(benchmark::State& state) {
    double const seconds =
        1e-6 * static_cast<double>(state.range(0)) * (example("slower") ? 1.07 : 1);
    for (auto _ : state)
        state.SetIterationTime(seconds);
}

void print(benchmark::State& state) {
    if (example("stopped")) {
        state.SkipWithError("the printer is gone");
        return;
    }
    for (auto _ : state)
        state.SetIterationTime(3e-6);
}

} // namespace

BENCHMARK(parse)->Arg(64)->UseManualTime()->Iterations(10);
BENCHMARK(print)->Name("print<std::string, 8>")->UseManualTime()->Iterations(10);
BENCHMARK_MAIN();
