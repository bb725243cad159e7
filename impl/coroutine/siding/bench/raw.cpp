// SPDX-License-Identifier: MIT
// The floor: what each operation costs when it is written by hand, with no library.

#include "measure.hpp"
#include "raw_coroutine.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bit>
#include <queue>
#include <thread>

namespace {

[[gnu::noinline]] raw::child answer(int value) { co_return value; }

raw::child await_answers(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) {
        sum += co_await answer(1);
    }
    co_return sum;
}

void await_ready(benchmark::State& state) {
    while (state.KeepRunningBatch(10'000)) {
        auto all = await_answers(10'000);
        all.handle().resume();
        benchmark::DoNotOptimize(all.await_resume());
    }
}

/// A child that goes through the ready ring before it runs.
raw::child spawn_and_join(raw::ready_ring& ready, int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) {
        auto child = answer(1);
        ready.push(child.handle());
        sum += co_await raw::joined{ready, child};
    }
    co_return sum;
}

void spawn_join(benchmark::State& state) {
    raw::ready_ring ready(64);
    while (state.KeepRunningBatch(1'000)) {
        auto all = spawn_and_join(ready, 1'000);
        all.handle().resume();
        benchmark::DoNotOptimize(all.await_resume());
    }
}

raw::child yielder(raw::ready_ring& ready, int times) {
    for (int i = 0; i < times; ++i) {
        co_await raw::to_end{ready};
    }
    co_return 0;
}

void yield(benchmark::State& state) {
    auto const tasks = static_cast<int>(state.range(0));
    auto const each = std::max(10, 100'000 / tasks);
    while (state.KeepRunningBatch(std::int64_t{tasks} * each)) {
        raw::ready_ring ready(std::bit_ceil(static_cast<std::size_t>(tasks)));
        std::vector<raw::child> all;
        all.reserve(static_cast<std::size_t>(tasks));
        for (int i = 0; i < tasks; ++i) {
            all.push_back(yielder(ready, each));
            ready.push(all.back().handle());
        }
        while (!ready.empty()) {
            ready.pop().resume();
        }
    }
}

struct timer {
    std::int64_t deadline_ns;
    std::uint64_t index;
    bool operator>(timer const& other) const noexcept { return deadline_ns > other.deadline_ns; }
};

/// A binary heap and epoll_pwait2: every wait ends at its deadline or right after, never before.
void run_timers(std::uint64_t count, std::vector<std::int64_t>& lateness_ns) {
    auto const poller = ::epoll_create1(EPOLL_CLOEXEC);
    std::priority_queue<timer, std::vector<timer>, std::greater<>> heap;
    for (std::uint64_t i = 0; i < count; ++i) {
        heap.push({measure::wall_ns() + measure::timer_length(i).count(), i});
    }
    while (!heap.empty()) {
        auto const now = measure::wall_ns();
        while (!heap.empty() && heap.top().deadline_ns <= now) {
            lateness_ns[heap.top().index] = measure::wall_ns() - heap.top().deadline_ns;
            heap.pop();
        }
        if (heap.empty()) break;
        auto const left = std::max<std::int64_t>(0, heap.top().deadline_ns - measure::wall_ns());
        timespec const wait{left / 1'000'000'000, left % 1'000'000'000};
        epoll_event event{};
        ::epoll_pwait2(poller, &event, 1, &wait, nullptr);
    }
    ::close(poller);
}

void timers(benchmark::State& state) {
    auto const count = static_cast<std::uint64_t>(state.range(0));
    std::vector<std::int64_t> lateness_ns(count);
    measure::by_cpu_time(state, count, [&] { run_timers(count, lateness_ns); });
    measure::report_lateness(state, lateness_ns);
}

/// A round trip between two threads, each asleep in epoll_wait until the other writes its eventfd.
class sleeper {
public:
    sleeper() : event_(::eventfd(0, EFD_NONBLOCK)), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event interest{EPOLLIN | EPOLLET, {}};
        ::epoll_ctl(poller_, EPOLL_CTL_ADD, event_, &interest);
    }
    sleeper(sleeper const&) = delete;
    sleeper& operator=(sleeper const&) = delete;
    ~sleeper() {
        ::close(event_);
        ::close(poller_);
    }
    void wake() const {
        std::uint64_t const one = 1;
        if (::write(event_, &one, sizeof one) != sizeof one) std::terminate();
    }
    void sleep() const {
        epoll_event event{};
        while (::epoll_wait(poller_, &event, 1, -1) != 1) {
        }
    }

private:
    int event_;
    int poller_;
};

void thread_round_trip(benchmark::State& state) {
    sleeper here;
    sleeper there;
    std::atomic<bool> stop = false;
    std::jthread other([&] {
        while (true) {
            there.sleep();
            if (stop.load(std::memory_order_relaxed)) break;
            here.wake();
        }
    });
    for (auto _ : state) {
        there.wake();
        here.sleep();
    }
    stop = true;
    there.wake();
}

/// The same two hops as `to_thread`: a futex wakes the worker, an eventfd wakes the loop.
void to_thread(benchmark::State& state) {
    sleeper loop;
    std::atomic<int> job = 0; // 0 idle, 1 to do, 2 stop
    std::jthread worker([&] {
        while (true) {
            job.wait(0);
            if (job.load() == 2) break;
            job.store(0);
            loop.wake();
        }
    });
    for (auto _ : state) {
        job.store(1);
        job.notify_one();
        loop.sleep();
    }
    job.store(2);
    job.notify_one();
}

} // namespace

BENCHMARK(await_ready);
BENCHMARK(spawn_join);
BENCHMARK(yield)->Arg(2)->Arg(64)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(timers)->Arg(measure::few_timers)->Arg(measure::timers)->UseManualTime()->Iterations(3);
BENCHMARK(thread_round_trip)->UseRealTime();
BENCHMARK(to_thread)->UseRealTime();
BENCHMARK_MAIN();
