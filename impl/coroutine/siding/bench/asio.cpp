// SPDX-License-Identifier: MIT
// Asio's coroutines and timers. Compiled twice: with the stand-alone Asio and with Boost.Asio.

#include "measure.hpp"

#ifdef SIDING_BENCH_BOOST_ASIO
#include <boost/asio.hpp>
namespace asio = boost::asio;
using asio_error = boost::system::error_code;
#else
#include <asio.hpp>
using asio_error = asio::error_code;
#endif

#include <atomic>
#include <memory>
#include <thread>

namespace {

[[gnu::noinline]] asio::awaitable<int> answer(int value) { co_return value; }

asio::awaitable<void> await_answers(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) {
        auto const value = co_await answer(1);
        sum += value;
    }
    benchmark::DoNotOptimize(sum);
}

void run_to_end(asio::io_context& context, asio::awaitable<void> main) {
    asio::co_spawn(context, std::move(main), asio::detached);
    context.restart();
    context.run();
}

void await_ready(benchmark::State& state) {
    asio::io_context context(1);
    while (state.KeepRunningBatch(10'000)) {
        run_to_end(context, await_answers(10'000));
    }
}

asio::awaitable<void> spawn_and_join(int times) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < times; ++i) {
        auto const value = co_await asio::co_spawn(executor, answer(1), asio::use_awaitable);
        benchmark::DoNotOptimize(value);
    }
}

void spawn_join(benchmark::State& state) {
    asio::io_context context(1);
    while (state.KeepRunningBatch(1'000)) {
        run_to_end(context, spawn_and_join(1'000));
    }
}

/// The idiom for "start many, then wait for all" without experimental parts: a counter.
void spawn_many(benchmark::State& state) {
    asio::io_context context(1);
    auto const tasks = static_cast<int>(state.range(0));
    while (state.KeepRunningBatch(tasks)) {
        int left = tasks;
        for (int i = 0; i < tasks; ++i) {
            asio::co_spawn(context, answer(1), [&left](std::exception_ptr, int) { --left; });
        }
        context.restart();
        context.run();
        if (left != 0) state.SkipWithError("a task was lost");
    }
}

asio::awaitable<void> yielder(int times) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < times; ++i) {
        co_await asio::post(executor, asio::use_awaitable);
    }
}

void yield(benchmark::State& state) {
    asio::io_context context(1);
    auto const tasks = static_cast<int>(state.range(0));
    auto const each = std::max(10, 100'000 / tasks);
    while (state.KeepRunningBatch(std::int64_t{tasks} * each)) {
        for (int i = 0; i < tasks; ++i) {
            asio::co_spawn(context, yielder(each), asio::detached);
        }
        context.restart();
        context.run();
    }
}

void timers_callback(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    asio::io_context context(1);
    measure::by_cpu_time(state, count, [&] {
        std::vector<asio::steady_timer> all;
        all.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            auto const due = std::chrono::steady_clock::now() + measure::timer_length(i);
            all.emplace_back(context, due).async_wait([&lateness_ns, i, due](asio_error) {
                lateness_ns[i] = (std::chrono::steady_clock::now() - due).count();
            });
        }
        context.restart();
        context.run();
    });
    measure::report_lateness(state, lateness_ns);
}

asio::awaitable<void> wait_one(std::uint64_t i, std::vector<std::int64_t>& lateness_ns) {
    auto const due = std::chrono::steady_clock::now() + measure::timer_length(i);
    asio::steady_timer timer(co_await asio::this_coro::executor, due);
    co_await timer.async_wait(asio::use_awaitable);
    lateness_ns[i] = (std::chrono::steady_clock::now() - due).count();
}

void timers(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    asio::io_context context(1);
    measure::by_cpu_time(state, count, [&] {
        for (std::uint64_t i = 0; i < count; ++i) {
            asio::co_spawn(context, wait_one(i, lateness_ns), asio::detached);
        }
        context.restart();
        context.run();
    });
    measure::report_lateness(state, lateness_ns);
}

asio::awaitable<void> wait_long() {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
}

void memory_per_task(benchmark::State& state) {
    asio::io_context context(1);
    measure::report_bytes_per_unit(state, static_cast<std::uint64_t>(state.range(0)),
                                   [&](std::uint64_t units) {
                                       for (std::uint64_t i = 0; i < units; ++i) {
                                           asio::co_spawn(context, wait_long(), asio::detached);
                                       }
                                       context.restart();
                                       context.poll();
                                   });
}

/// Each side runs its own loop and posts to the other.
void thread_round_trip(benchmark::State& state) {
    asio::io_context here(1);
    asio::io_context there(1);
    auto const keep_here = asio::make_work_guard(here);
    auto keep_there = asio::make_work_guard(there);
    std::jthread other([&] { there.run(); });
    for (auto _ : state) {
        bool back = false;
        asio::post(there, [&] { asio::post(here, [&] { back = true; }); });
        while (!back) {
            here.run_one();
        }
    }
    keep_there.reset();
}

void to_thread(benchmark::State& state) {
    asio::io_context loop(1);
    auto const keep = asio::make_work_guard(loop);
    asio::thread_pool pool(1);
    for (auto _ : state) {
        bool back = false;
        asio::post(pool, [&] { asio::post(loop, [&] { back = true; }); });
        while (!back) {
            loop.run_one();
        }
    }
}

} // namespace

BENCHMARK(await_ready);
BENCHMARK(spawn_join);
BENCHMARK(spawn_many)->Arg(measure::many_tasks)->Arg(1'000'000);
BENCHMARK(yield)->Arg(2)->Arg(64)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(timers)->Arg(measure::few_timers)->Arg(measure::timers)->UseManualTime()->Iterations(3);
BENCHMARK(timers_callback)
    ->Arg(measure::few_timers)
    ->Arg(measure::timers)
    ->UseManualTime()
    ->Iterations(3);
BENCHMARK(memory_per_task)->Arg(100'000)->Iterations(1);
BENCHMARK(thread_round_trip)->UseRealTime();
BENCHMARK(to_thread)->UseRealTime();
BENCHMARK_MAIN();
