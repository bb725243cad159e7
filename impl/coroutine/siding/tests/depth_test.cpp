// SPDX-License-Identifier: MIT
// What holds or awaits one another in a chain may be as long as there is memory: nothing is done by
// recursion. A million links on a stack of 256 KiB.
#include "support.hpp"

#include <pthread.h>

#include <functional>
#include <system_error>

using namespace siding_test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

// A sanitizer takes ten times the time and memory, and its frames are larger.
constexpr int links = is_sanitized ? 50'000 : 1'000'000;
constexpr std::size_t stack_bytes = is_sanitized ? 1024 * 1024 : 256 * 1024;

void* call(void* function) {
    (*static_cast<std::function<void()>*>(function))();
    return nullptr;
}

void on_a_small_stack(std::function<void()> function) {
    pthread_attr_t attributes;
    ASSERT_EQ(::pthread_attr_init(&attributes), 0);
    ASSERT_EQ(::pthread_attr_setstacksize(&attributes, stack_bytes), 0);
    pthread_t thread{};
    ASSERT_EQ(::pthread_create(&thread, &attributes, &call, &function), 0);
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&attributes);
}

void run_on_a_small_stack(siding::coroutine<> (*main)()) {
    on_a_small_stack([main] { siding::run(main()); });
}

siding::coroutine<int> sleeper() { co_return co_await siding::sleep(1h, 1); }

siding::coroutine<int> await_task(siding::task<int> t) {
    auto const value = co_await t;
    co_return value + 1;
}

siding::coroutine<int> await_gather(siding::task<int> t) {
    auto const [value] = co_await siding::gather(t);
    co_return value + 1;
}

/// Cancels the last of a chain, of which each awaits the one before in the given way.
siding::coroutine<> cancel_chain(siding::coroutine<int> (*await_one)(siding::task<int>)) {
    auto last = siding::create_task(sleeper());
    for (int i = 0; i < links; ++i) {
        last = siding::create_task(await_one(std::move(last)));
        if (i % 64 == 63) co_await siding::sleep(0s);
    }
    co_await siding::sleep(0s);
    EXPECT_TRUE(last.cancel());
    co_await siding::gather(siding::return_exceptions, last);
    EXPECT_TRUE(last.cancelled());
}

siding::coroutine<> cancel_tasks() { return cancel_chain(&await_task); }
siding::coroutine<> cancel_gathers() { return cancel_chain(&await_gather); }

TEST(depth, of_tasks_that_await_each_other_does_not_matter_to_a_cancellation) {
    run_on_a_small_stack(&cancel_tasks);
}

TEST(depth, of_gathers_that_await_each_other_does_not_matter_to_a_cancellation) {
    run_on_a_small_stack(&cancel_gathers);
}

siding::coroutine<> gathers_of_gathers() {
    auto const innermost = siding::get_running_loop().create_future<int>();
    std::vector<siding::any_future> outer;
    for (bool const cancel : {true, false}) {
        auto const leaf = siding::get_running_loop().create_future<>();
        std::vector<siding::future<>> one{leaf};
        auto all = siding::gather(one);
        for (int i = 0; i < links; ++i) {
            one.assign(1, all);
            all = siding::gather(one);
        }
        one.clear();
        if (cancel) {
            EXPECT_TRUE(all.cancel());
        } else {
            leaf.set_result();
        }
        co_await siding::gather(siding::return_exceptions, all);
        EXPECT_TRUE(all.done());
    }
}

TEST(depth, of_gathers_in_gathers_does_not_matter) { run_on_a_small_stack(&gathers_of_gathers); }

struct ring_of_tasks {
    std::vector<siding::task<int>> tasks;
    int awaiting_first = 0;
};

siding::coroutine<int> await_next(ring_of_tasks& ring, std::size_t number) {
    co_await siding::sleep(0s); // until all are there
    auto const next = ring.tasks[(number + 1) % ring.tasks.size()];
    auto const value = co_await next;
    co_return value;
}

siding::coroutine<int> gather_next(ring_of_tasks& ring, std::size_t number) {
    co_await siding::sleep(0s);
    auto const next = ring.tasks[(number + 1) % ring.tasks.size()];
    auto const [value] = co_await siding::gather(next);
    co_return value;
}

siding::coroutine<> cancel_ring(std::size_t size,
                                siding::coroutine<int> (*await_one)(ring_of_tasks&, std::size_t)) {
    ring_of_tasks ring;
    for (std::size_t i = 0; i < size; ++i) {
        ring.tasks.push_back(siding::create_task(await_one(ring, i)));
    }
    for (int i = 0; i < 4; ++i) {
        co_await siding::sleep(0s);
    }
    EXPECT_TRUE(ring.tasks.front().cancel());
    co_await siding::gather(siding::return_exceptions, ring.tasks);
    for (auto const& each : ring.tasks) {
        EXPECT_THROW(std::rethrow_exception(each.exception()), siding::runtime_error);
    }
}

siding::coroutine<> cancel_rings() {
    for (std::size_t const size : {std::size_t{2}, std::size_t{3}, std::size_t{10'000}}) {
        for (auto* const await_one : {&await_next, &gather_next}) {
            auto ring = cancel_ring(size, await_one);
            co_await std::move(ring);
        }
    }
}

TEST(depth, tasks_that_await_each_other_in_a_circle_end_in_an_error) {
    run_on_a_small_stack(&cancel_rings);
}

siding::coroutine<> leave_a_ring() {
    static ring_of_tasks ring;
    for (std::size_t i = 0; i < 3; ++i) {
        ring.tasks.push_back(siding::create_task(await_next(ring, i)));
    }
    for (int i = 0; i < 4; ++i) {
        co_await siding::sleep(0s);
    }
    siding::get_running_loop().set_exception_handler(
        [](siding::loop&, siding::exception_context const&) {});
    siding::get_running_loop().call_later(1ms, [] { ring.tasks.clear(); });
}

TEST(depth, run_ends_with_tasks_in_a_circle) { siding::run(leave_a_ring()); }

siding::coroutine<int> nested(int more, bool fails) {
    if (more == 0) {
        co_await siding::sleep(1ms);
        if (fails) throw std::runtime_error("from the bottom");
        co_return 0;
    }
    auto const value = co_await nested(more - 1, fails);
    co_return value + 1;
}

siding::coroutine<> nested_awaits() {
    auto const value = co_await nested(links, false);
    EXPECT_EQ(value, links);
    bool failed = false;
    try {
        static_cast<void>(co_await nested(is_sanitized ? links : links / 10, true));
    } catch (std::runtime_error const&) {
        failed = true;
    }
    EXPECT_TRUE(failed);
    auto const task = siding::create_task(nested(is_sanitized ? links : links / 10, false));
    co_await siding::sleep(0s);
    task.cancel();
    co_await siding::gather(siding::return_exceptions, task);
    EXPECT_TRUE(task.cancelled());
}

TEST(depth, of_nested_awaits_does_not_matter_to_results_errors_and_cancellations) {
    run_on_a_small_stack(&nested_awaits);
}

/// Counts itself, and looks that those above are still there.
struct member {
    explicit member(int& all) noexcept : count(all), place(++all) {}
    member(member const&) = delete;
    member& operator=(member const&) = delete;
    ~member() {
        EXPECT_EQ(count, place);
        --count;
    }
    int& count;
    int place;
};

siding::coroutine<> nested_members(int more, int& count) {
    member const here(count);
    if (more == 0) {
        co_await siding::sleep(1h);
        co_return;
    }
    co_await nested_members(more - 1, count);
}

TEST(depth, of_nested_awaits_does_not_matter_to_the_end_of_the_loop) {
    on_a_small_stack([] {
        int count = 0;
        siding::loop loop;
        loop.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        auto const task = loop.create_task(nested_members(links, count));
        loop.call_later(1ms, [&loop] { loop.stop(); });
        loop.run_forever();
        EXPECT_EQ(count, links + 1);
        loop.close(); // innermost first: who is awaited may refer to what is in who awaits
        EXPECT_EQ(count, 1) << "the task's own frame is in the hands of its handle";
    });
}

siding::coroutine<> keep(siding::any_task before) {
    static_cast<void>(before);
    co_return;
}

siding::coroutine<> tasks_that_hold_each_other() {
    siding::task<> last;
    for (int i = 0; i < links; ++i) {
        last = siding::create_task(keep(last ? siding::any_task(last) : siding::any_task{}));
    }
    co_await last;
    last = {};
}

TEST(depth, of_tasks_that_hold_each_other_does_not_matter_to_their_end) {
    run_on_a_small_stack(&tasks_that_hold_each_other);
}

siding::coroutine<> wrap(siding::coroutine<> inner) { co_await std::move(inner); }
siding::coroutine<> nothing() { co_return; }

siding::coroutine<> coroutines_in_coroutines() {
    for (bool const is_awaited : {false, true}) {
        auto outermost = nothing();
        for (int i = 0; i < links; ++i) {
            outermost = wrap(std::move(outermost));
        }
        if (is_awaited) co_await std::move(outermost);
    }
}

TEST(depth, of_coroutines_that_never_began_does_not_matter_to_their_end) {
    run_on_a_small_stack(&coroutines_in_coroutines);
}

TEST(depth, of_callbacks_that_hold_each_other_does_not_matter_to_their_end) {
    on_a_small_stack([] {
        siding::loop loop;
        siding::handle last;
        for (int i = 0; i < links; ++i) {
            last = loop.call_later(1h, [before = std::move(last)] {});
        }
        loop.close();
    });
}

} // namespace
