// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <memory>

using namespace siding_test;

namespace {

class synchronisation : public clean_test {};
class queues : public clean_test {};
class contexts : public clean_test {};

siding::coroutine<> hold(siding::lock& l, trace& t, char name) {
    auto const held = co_await l.scoped();
    t(name, " has it");
    co_await siding::sleep(1s);
}

siding::coroutine<> take_turns(trace& t) {
    siding::lock l;
    EXPECT_THROW(l.release(), siding::runtime_error);
    auto const a = siding::create_task(hold(l, t, 'a'));
    auto const b = siding::create_task(hold(l, t, 'b'));
    auto const c = siding::create_task(hold(l, t, 'c'));
    co_await siding::sleep(500ms);
    EXPECT_TRUE(l.locked());
    b.cancel();
    co_await siding::gather(siding::return_exceptions, a, b, c);
    t(now_ms());
    EXPECT_FALSE(l.locked());
}

TEST_F(synchronisation, lock_is_first_come_first_served_and_survives_cancellation) {
    trace t;
    run_virtually(take_turns(t));
    EXPECT_EQ(t.lines(), (lines{"a has it", "c has it", "2000"}));
}

siding::coroutine<> wait_for_lock(siding::lock& l, trace& t, char name) {
    co_await l.acquire();
    t(name);
    l.release();
}

siding::coroutine<> cancel_the_one_who_was_woken(trace& t) {
    siding::lock l;
    co_await l.acquire();
    auto const a = siding::create_task(wait_for_lock(l, t, 'a'));
    auto const b = siding::create_task(wait_for_lock(l, t, 'b'));
    co_await siding::sleep(0s);
    l.release(); // a is woken, and cancelled before it has run
    a.cancel();
    co_await siding::gather(siding::return_exceptions, a, b);
    EXPECT_TRUE(a.cancelled());
}

TEST_F(synchronisation, lock_passes_on_when_the_woken_one_is_cancelled) {
    trace t;
    run_virtually(cancel_the_one_who_was_woken(t));
    EXPECT_EQ(t.lines(), lines{"b"});
}

siding::coroutine<> wait_for_event(siding::event& e, trace& t, char name) {
    co_await e.wait();
    t(name);
}

siding::coroutine<> set_and_clear(trace& t) {
    siding::event e;
    auto const a = siding::create_task(wait_for_event(e, t, 'a'));
    auto const b = siding::create_task(wait_for_event(e, t, 'b'));
    co_await siding::sleep(0s);
    e.set();
    e.clear(); // those who waited at the set are woken all the same
    t("set");
    co_await siding::gather(a, b);
    e.set();
    co_await e.wait();
}

TEST_F(synchronisation, event_wakes_all_who_wait) {
    trace t;
    run_virtually(set_and_clear(t));
    EXPECT_EQ(t.lines(), (lines{"set", "a", "b"}));
}

siding::coroutine<> with_permit(siding::semaphore& s, int& now, int& most) {
    auto const held = co_await s.scoped();
    most = std::max(most, ++now);
    co_await siding::sleep(1s);
    --now;
}

siding::coroutine<> limit() {
    siding::semaphore s(2);
    int now = 0;
    int most = 0;
    std::vector<siding::coroutine<>> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(with_permit(s, now, most));
    }
    co_await siding::gather(std::move(all));
    EXPECT_EQ(most, 2);
    EXPECT_EQ(now_ms(), 3000);
    siding::bounded_semaphore bounded(1);
    EXPECT_THROW(bounded.release(), siding::value_error);
    EXPECT_THROW(siding::semaphore(-1), siding::value_error);
}

TEST_F(synchronisation, semaphore_limits) { run_virtually(limit()); }

siding::coroutine<> consume(siding::condition& c, int& items, trace& t, char name) {
    auto const held = co_await c.scoped();
    auto const there = [&items] { return items > 0; };
    static_cast<void>(co_await c.wait_for(there));
    --items;
    t(name);
}

siding::coroutine<> notify_one_by_one(trace& t) {
    siding::condition c;
    int items = 0;
    EXPECT_THROW(c.notify(), siding::runtime_error);
    auto const a = siding::create_task(consume(c, items, t, 'a'));
    auto const b = siding::create_task(consume(c, items, t, 'b'));
    co_await siding::sleep(1s);
    for (int i = 0; i < 2; ++i) {
        auto const held = co_await c.scoped();
        ++items;
        c.notify();
    }
    co_await siding::gather(a, b);
}

TEST_F(synchronisation, condition_wakes_as_many_as_are_notified) {
    trace t;
    run_virtually(notify_one_by_one(t));
    EXPECT_EQ(t.lines(), (lines{"a", "b"}));
}

siding::coroutine<> meet(siding::barrier& b, trace& t, siding::duration late) {
    co_await siding::sleep(late);
    auto const index = co_await b.wait();
    t(index, " at ", now_ms());
}

siding::coroutine<> wait_at(siding::barrier& b, trace& t) {
    try {
        co_await b.wait();
    } catch (siding::broken_barrier_error const&) {
        t("broken");
    }
}

siding::coroutine<> meet_twice(trace& t) {
    siding::barrier b(2);
    co_await siding::gather(meet(b, t, 1s), meet(b, t, 2s));
    co_await siding::gather(meet(b, t, 1s), meet(b, t, 1s));
    auto const alone = siding::create_task(wait_at(b, t));
    co_await siding::sleep(1s);
    EXPECT_EQ(b.n_waiting(), 1u);
    co_await b.abort();
    co_await alone;
    EXPECT_TRUE(b.broken());
}

TEST_F(synchronisation, barrier_lets_all_go_at_once_again_and_again) {
    trace t;
    run_virtually(meet_twice(t));
    EXPECT_EQ(t.lines(), (lines{"1 at 2000", "0 at 2000", "1 at 3000", "0 at 3000", "broken"}));
}

siding::coroutine<> produce(siding::queue<std::unique_ptr<int>>& q, trace& t) {
    for (int i = 0; i < 3; ++i) {
        auto item = std::make_unique<int>(i);
        co_await q.put(std::move(item));
        t("put ", i);
    }
}

siding::coroutine<> back_pressure(trace& t) {
    siding::queue<std::unique_ptr<int>> q(1);
    auto const producer = siding::create_task(produce(q, t));
    co_await siding::sleep(1s);
    EXPECT_TRUE(q.full());
    EXPECT_THROW(q.put_nowait(nullptr), siding::queue_full);
    for (int i = 0; i < 3; ++i) {
        auto const item = co_await q.get();
        t("got ", *item);
        q.task_done();
    }
    co_await q.join();
    co_await producer;
    EXPECT_THROW(static_cast<void>(q.get_nowait()), siding::queue_empty);
    EXPECT_THROW(q.task_done(), siding::value_error);
}

TEST_F(queues, a_full_queue_holds_the_producer_back) {
    trace t;
    run_virtually(back_pressure(t));
    EXPECT_EQ(t.lines(), (lines{"put 0", "got 0", "put 1", "got 1", "put 2", "got 2"}));
}

siding::coroutine<> get_one(siding::queue<int>& q, trace& t, char name) {
    auto const item = co_await q.get();
    t(name, item);
}

siding::coroutine<> cancelled_getter(trace& t) {
    siding::queue<int> q;
    auto const a = siding::create_task(get_one(q, t, 'a'));
    auto const b = siding::create_task(get_one(q, t, 'b'));
    co_await siding::sleep(0s);
    q.put_nowait(1); // a is woken
    a.cancel();
    co_await b;
    EXPECT_TRUE(a.cancelled());
}

TEST_F(queues, a_cancelled_get_loses_nothing) {
    trace t;
    run_virtually(cancelled_getter(t));
    EXPECT_EQ(t.lines(), lines{"b1"});
}

siding::coroutine<> overtake(trace& t) {
    siding::queue<int> q;
    auto const a = siding::create_task(get_one(q, t, 'a'));
    co_await siding::sleep(0s);
    q.put_nowait(1);
    auto const mine = co_await q.get(); // does not suspend, so a finds the queue empty again
    t("mine ", mine);
    co_await siding::sleep(1s);
    q.put_nowait(2);
    co_await a;
}

TEST_F(queues, who_is_overtaken_waits_again) {
    trace t;
    run_virtually(overtake(t));
    EXPECT_EQ(t.lines(), (lines{"mine 1", "a2"}));
}

TEST_F(queues, priority_and_lifo_order) {
    siding::priority_queue<int> smallest_first;
    siding::lifo_queue<int> newest_first;
    for (int const i : {3, 1, 4, 1, 5, 9, 2, 6}) {
        smallest_first.put_nowait(i);
        newest_first.put_nowait(i);
    }
    std::vector<int> sorted;
    std::vector<int> reversed;
    while (!smallest_first.empty()) {
        sorted.push_back(smallest_first.get_nowait());
        reversed.push_back(newest_first.get_nowait());
    }
    EXPECT_EQ(sorted, (std::vector{1, 1, 2, 3, 4, 5, 6, 9}));
    EXPECT_EQ(reversed, (std::vector{6, 2, 9, 5, 1, 4, 1, 3}));
}

siding::coroutine<> get_until_shut_down(siding::queue<int>& q, trace& t, char name) {
    try {
        while (true) {
            auto const item = co_await q.get();
            t(name, item);
            q.task_done();
        }
    } catch (siding::queue_shut_down const& end) {
        t(name, ": ", end.what());
    }
}

siding::coroutine<> put_until_shut_down(siding::queue<int>& q, trace& t, char name) {
    try {
        for (int i = 0;; ++i) {
            co_await q.put(i);
        }
    } catch (siding::queue_shut_down const& end) {
        t(name, ": ", end.what());
    }
}

siding::coroutine<> join_and_say(siding::queue<int>& q, trace& t) {
    co_await q.join();
    t("joined");
}

siding::coroutine<> shut_down(trace& t) {
    siding::queue<int> q(2);
    auto const a = siding::create_task(put_until_shut_down(q, t, 'a'));
    auto const b = siding::create_task(put_until_shut_down(q, t, 'b'));
    co_await siding::sleep(1s);
    q.shutdown(); // both wait; what is in the queue can still be taken
    co_await siding::gather(a, b);
    EXPECT_THROW(q.put_nowait(1), siding::queue_shut_down);
    co_await get_until_shut_down(q, t, 'c');
    EXPECT_THROW(static_cast<void>(q.get_nowait()), siding::queue_shut_down);
    co_await q.join();

    siding::queue<int> empty;
    auto const d = siding::create_task(get_until_shut_down(empty, t, 'd'));
    co_await siding::sleep(1s);
    empty.shutdown();
    co_await d;

    siding::queue<int> dropped;
    dropped.put_nowait(1);
    dropped.put_nowait(2);
    static_cast<void>(dropped.get_nowait());
    auto const e = siding::create_task(join_and_say(dropped, t));
    co_await siding::sleep(1s);
    dropped.shutdown(true); // one was taken and is not done
    co_await siding::sleep(1s);
    t("not joined");
    dropped.task_done();
    co_await e;
    EXPECT_TRUE(dropped.empty());
}

TEST_F(queues, that_are_shut_down_give_what_is_left_and_tell_all_who_wait) {
    trace t;
    run_virtually(shut_down(t));
    EXPECT_EQ(t.lines(),
              (lines{"a: the queue has been shut down", "b: the queue has been shut down", "c0",
                     "c1", "c: the queue has been shut down", "d: the queue has been shut down",
                     "not joined", "joined"}));
}

siding::context_var<int> depth("depth", 0);

siding::coroutine<int> deeper() {
    depth.set(depth.get() + 1);
    co_await siding::sleep(1s);
    co_return depth.get();
}

siding::coroutine<> inherit() {
    auto const before = depth.set(10);
    auto const child = siding::create_task(deeper());
    depth.set(20);
    auto const seen = co_await child;
    EXPECT_EQ(seen, 11);
    EXPECT_EQ(depth.get(), 20);
    auto const in_thread = co_await siding::to_thread([] { return depth.get(); });
    EXPECT_EQ(in_thread, 20);
    depth.reset(before);
    EXPECT_EQ(depth.get(), 0);
    auto copy = siding::copy_context();
    copy.run([] { depth.set(7); });
    EXPECT_EQ(depth.get(), 0);
    EXPECT_EQ(copy.run([] { return depth.get(); }), 7);
}

TEST_F(contexts, are_copied_at_the_creation_of_a_task) { siding::run(inherit()); }

} // namespace
