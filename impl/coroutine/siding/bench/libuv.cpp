// SPDX-License-Identifier: MIT
// libuv's timers and wake-ups: what it has of these operations. It knows no tasks.

#include "measure.hpp"

#include <uv.h>

#include <thread>

namespace {

struct timed {
    uv_timer_t handle;
    std::int64_t due_ns;
    std::int64_t* lateness_ns;
};

void on_timer(uv_timer_t* handle) {
    auto& self = *static_cast<timed*>(handle->data);
    *self.lateness_ns = measure::wall_ns() - self.due_ns;
    uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
}

/// libuv counts milliseconds: rounded up, so that no timer ends early.
void timers(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    uv_loop_t loop;
    uv_loop_init(&loop);
    measure::by_cpu_time(state, count, [&] {
        std::vector<timed> all(count);
        uv_update_time(&loop);
        for (std::uint64_t i = 0; i < count; ++i) {
            auto const length_ns = measure::timer_length(i).count();
            all[i].due_ns = measure::wall_ns() + length_ns;
            all[i].lateness_ns = &lateness_ns[i];
            all[i].handle.data = &all[i];
            uv_timer_init(&loop, &all[i].handle);
            uv_timer_start(&all[i].handle, on_timer,
                           static_cast<std::uint64_t>((length_ns + 999'999) / 1'000'000), 0);
        }
        uv_run(&loop, UV_RUN_DEFAULT);
    });
    measure::report_lateness(state, lateness_ns);
    uv_loop_close(&loop);
}

void close_all(uv_loop_t& loop) {
    uv_walk(
        &loop, [](uv_handle_t* handle, void*) { uv_close(handle, nullptr); }, nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

void thread_round_trip(benchmark::State& state) {
    uv_loop_t here;
    uv_loop_t there;
    uv_loop_init(&here);
    uv_loop_init(&there);
    uv_async_t back;
    uv_async_t forth;
    uv_async_init(&here, &back, [](uv_async_t* handle) { uv_stop(handle->loop); });
    uv_async_init(&there, &forth, [](uv_async_t* handle) {
        uv_async_send(static_cast<uv_async_t*>(handle->data));
    });
    forth.data = &back;
    uv_async_t stop;
    uv_async_init(&there, &stop, [](uv_async_t* handle) { uv_stop(handle->loop); });
    std::thread other([&] { uv_run(&there, UV_RUN_DEFAULT); });
    for (auto _ : state) {
        uv_async_send(&forth);
        uv_run(&here, UV_RUN_DEFAULT);
    }
    uv_async_send(&stop);
    other.join();
    close_all(there);
    close_all(here);
}

void to_thread(benchmark::State& state) {
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (auto _ : state) {
        uv_work_t work;
        uv_queue_work(
            &loop, &work, [](uv_work_t*) {}, [](uv_work_t*, int) {});
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&loop);
}

} // namespace

BENCHMARK(timers)->Arg(measure::few_timers)->Arg(measure::timers)->UseManualTime()->Iterations(3);
BENCHMARK(thread_round_trip)->UseRealTime();
BENCHMARK(to_thread)->UseRealTime();
BENCHMARK_MAIN();
