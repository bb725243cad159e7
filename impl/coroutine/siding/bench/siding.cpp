// SPDX-License-Identifier: MIT
// siding itself.

#include "measure.hpp"

#include <siding/siding.hpp>

#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// A loop that lives as long as the benchmark.
class on_one_loop {
public:
    template <class T>
    T operator()(siding::coroutine<T> main) {
        return loop_.run_until_complete(std::move(main));
    }
    [[nodiscard]] siding::loop& get() noexcept { return loop_; }

private:
    siding::loop loop_;
};

[[gnu::noinline]] siding::coroutine<int> answer(int value) { co_return value; }

siding::coroutine<int> await_answers(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) {
        auto const value = co_await answer(1);
        sum += value;
    }
    co_return sum;
}

void await_ready(benchmark::State& state) {
    on_one_loop run;
    while (state.KeepRunningBatch(10'000)) {
        benchmark::DoNotOptimize(run(await_answers(10'000)));
    }
}

siding::coroutine<> spawn_and_join(int times) {
    for (int i = 0; i < times; ++i) {
        auto const value = co_await siding::create_task(answer(1));
        benchmark::DoNotOptimize(value);
    }
}

void spawn_join(benchmark::State& state) {
    on_one_loop run;
    while (state.KeepRunningBatch(1'000)) {
        run(spawn_and_join(1'000));
    }
}

siding::coroutine<> spawn_then_gather(int tasks) {
    std::vector<siding::task<int>> all;
    all.reserve(static_cast<std::size_t>(tasks));
    for (int i = 0; i < tasks; ++i) {
        all.push_back(siding::create_task(answer(1)));
    }
    auto const results = co_await siding::gather(std::move(all));
    benchmark::DoNotOptimize(results.data());
}

void spawn_many(benchmark::State& state) {
    on_one_loop run;
    auto const tasks = static_cast<int>(state.range(0));
    while (state.KeepRunningBatch(tasks)) {
        run(spawn_then_gather(tasks));
    }
}

siding::coroutine<> yielder(int times) {
    for (int i = 0; i < times; ++i) {
        co_await siding::sleep(0ns);
    }
}

siding::coroutine<> yield_among(int tasks, int times) {
    for (int i = 1; i < tasks; ++i) {
        siding::create_task(yielder(times));
    }
    co_await siding::create_task(yielder(times)); // first come, first served: it is the last to end
}

void yield(benchmark::State& state) {
    on_one_loop run;
    auto const tasks = static_cast<int>(state.range(0));
    auto const each = std::max(10, 100'000 / tasks);
    while (state.KeepRunningBatch(std::int64_t{tasks} * each)) {
        run(yield_among(tasks, each));
    }
}

siding::coroutine<> producer(siding::queue<int>& to, int items) {
    for (int i = 0; i < items; ++i) {
        co_await to.put(i);
    }
}

siding::coroutine<> hand_over(int items) {
    siding::queue<int> line(1);
    auto const sender = siding::create_task(producer(line, items));
    int sum = 0;
    for (int i = 0; i < items; ++i) {
        auto const item = co_await line.get();
        sum += item;
    }
    co_await sender;
    benchmark::DoNotOptimize(sum);
}

/// A queue with room for one item: each item costs a hop from the producer to the consumer.
void queue_hop(benchmark::State& state) {
    on_one_loop run;
    while (state.KeepRunningBatch(10'000)) {
        run(hand_over(10'000));
    }
}

siding::coroutine<> wait_one(std::uint64_t i, std::vector<std::int64_t>& lateness_ns) {
    auto const due = measure::wall_ns() + measure::timer_length(i).count();
    co_await siding::sleep(measure::timer_length(i));
    lateness_ns[i] = measure::wall_ns() - due;
}

siding::coroutine<> wait_all(std::uint64_t count, std::vector<std::int64_t>& lateness_ns) {
    std::vector<siding::task<>> all;
    all.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        all.push_back(siding::create_task(wait_one(i, lateness_ns)));
    }
    for (auto const& each : all) {
        co_await each;
    }
}

void timers(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    on_one_loop run;
    measure::by_cpu_time(state, count, [&] { run(wait_all(count, lateness_ns)); });
    measure::report_lateness(state, lateness_ns);
}

void timers_callback(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    on_one_loop run;
    measure::by_cpu_time(state, count, [&] {
        std::uint64_t left = count;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto const length = measure::timer_length(i);
            auto const due = measure::wall_ns() + length.count();
            run.get().call_later(length, [&, i, due] {
                lateness_ns[i] = measure::wall_ns() - due;
                if (--left == 0) run.get().stop();
            });
        }
        run.get().run_forever();
    });
    measure::report_lateness(state, lateness_ns);
}

/// Named, for a literal in the expression would be kept in the frame.
constexpr siding::duration an_hour = 1h;

siding::coroutine<> wait_long() { co_await siding::sleep(an_hour); }

siding::coroutine<> start_waiting(std::uint64_t tasks) {
    for (std::uint64_t i = 0; i < tasks; ++i) {
        siding::create_task(wait_long());
        // Lets it run up to its wait, so that the ready queue stays short and is not counted.
        if (i % 64 == 63) co_await siding::sleep(0ns);
    }
    co_await siding::sleep(0ns);
}

void memory_per_task(benchmark::State& state) {
    siding::loop loop;
    loop.set_exception_handler(
        [](siding::loop&, siding::exception_context const&) {}); // all are left
    measure::report_bytes_per_unit(
        state, static_cast<std::uint64_t>(state.range(0)),
        [&](std::uint64_t units) { loop.run_until_complete(start_waiting(units)); });
}

/// Each side runs its own loop and posts to the other.
void thread_round_trip(benchmark::State& state) {
    on_one_loop here;
    std::atomic<siding::loop*> there = nullptr;
    std::jthread other([&] {
        siding::loop loop;
        there = &loop;
        there.notify_one();
        loop.run_forever();
    });
    there.wait(nullptr);
    for (auto _ : state) {
        there.load()->call_soon_threadsafe(
            [&] { here.get().call_soon_threadsafe([&] { here.get().stop(); }); });
        here.get().run_forever();
    }
    there.load()->call_soon_threadsafe([&] { there.load()->stop(); });
}

siding::coroutine<> to_thread_once() {
    co_await siding::to_thread([] {});
}

void to_thread(benchmark::State& state) {
    on_one_loop run;
    for (auto _ : state) {
        run(to_thread_once());
    }
}

} // namespace

BENCHMARK(await_ready);
BENCHMARK(spawn_join);
BENCHMARK(spawn_many)->Arg(measure::many_tasks)->Arg(1'000'000);
BENCHMARK(yield)->Arg(2)->Arg(64)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(queue_hop);
BENCHMARK(timers)->Arg(measure::few_timers)->Arg(measure::timers)->UseManualTime()->Iterations(3);
BENCHMARK(timers_callback)
    ->Arg(measure::few_timers)
    ->Arg(measure::timers)
    ->UseManualTime()
    ->Iterations(3);
BENCHMARK(memory_per_task)->Arg(100'000)->Arg(1'000'000)->Iterations(1);
BENCHMARK(thread_round_trip)->UseRealTime();
BENCHMARK(to_thread)->UseRealTime();
BENCHMARK_MAIN();
