// SPDX-License-Identifier: MIT
// Two things in one turn of the loop: what CPython 3.13 makes of them.
#include "backends.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

using namespace siding_test;

namespace {

class races : public clean_test {};

siding::coroutine<int> quick() { co_return 1; }

siding::coroutine<> wait_for_quick(trace& t) {
    auto limited = siding::wait_for(quick(), 1s);
    static_cast<void>(co_await std::move(limited));
    t("went on");
    co_await siding::sleep(200ms);
    t("to the end");
}

siding::coroutine<> wait_for_future(siding::future<int> f, trace& t) {
    auto limited = siding::wait_for(f, 1s);
    static_cast<void>(co_await std::move(limited));
    t("went on");
}

/// A cancellation that comes when the inner one has ended, and wait_for has not noticed.
siding::coroutine<> cancel_as_it_ends(trace& t) {
    auto const f = siding::get_running_loop().create_future<int>();
    auto const waits = siding::create_task(wait_for_future(f, t));
    co_await siding::sleep(1ms);
    f.set_result(5);
    EXPECT_TRUE(waits.cancel());
    co_await siding::gather(siding::return_exceptions, waits);
    EXPECT_TRUE(waits.cancelled());
    // The coroutine runs in the same task, so that it is through in its first turn.
    auto const both = siding::create_task(wait_for_quick(t));
    co_await siding::sleep(0s);
    EXPECT_TRUE(both.cancel());
    co_await siding::gather(siding::return_exceptions, both);
    EXPECT_TRUE(both.cancelled());
}

TEST_F(races, a_cancellation_in_the_turn_in_which_the_awaited_ends_is_not_lost) {
    trace t;
    run_virtually(cancel_as_it_ends(t));
    EXPECT_EQ(t.lines(), lines{"went on"});
}

siding::coroutine<> consumer(siding::condition& c, int& items, trace& t, char name) {
    auto const held = co_await c.scoped();
    while (items == 0) {
        co_await c.wait();
    }
    --items;
    t(name);
}

siding::coroutine<> cancel_the_notified(trace& t) {
    siding::condition c;
    int items = 0;
    auto const a = siding::create_task(consumer(c, items, t, 'a'));
    auto const b = siding::create_task(consumer(c, items, t, 'b'));
    co_await siding::sleep(1ms);
    {
        auto const held = co_await c.scoped();
        items = 1;
        c.notify();
        a.cancel();
    }
    co_await siding::sleep(1ms);
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(b.done());
    b.cancel();
}

TEST_F(races, a_notification_does_not_die_with_who_was_cancelled) {
    trace t;
    run_virtually(cancel_the_notified(t));
    EXPECT_EQ(t.lines(), lines{"b"});
}

siding::coroutine<> take_permit(siding::semaphore& s, trace& t, char name) {
    co_await s.acquire();
    t(name);
}

/// The permit of a cancelled waiter, and one that was released meanwhile: both are granted.
siding::coroutine<> cancel_the_granted(trace& t) {
    siding::semaphore s(0);
    auto const a = siding::create_task(take_permit(s, t, 'a'));
    auto const b = siding::create_task(take_permit(s, t, 'b'));
    auto const c = siding::create_task(take_permit(s, t, 'c'));
    co_await siding::sleep(0s);
    s.release();
    a.cancel();
    s.release();
    co_await siding::sleep(1ms);
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(b.done() && c.done());
    b.cancel();
    c.cancel();
}

TEST_F(races, a_permit_does_not_die_with_who_was_cancelled) {
    trace t;
    run_virtually(cancel_the_granted(t));
    EXPECT_EQ(t.lines(), (lines{"b", "c"}));
}

siding::coroutine<> slow() { co_await siding::sleep(1s); }

siding::coroutine<> clean_up_in_time(siding::event& started, trace& t) {
    bool cancelled = false;
    try {
        started.set();
        co_await siding::sleep(10s);
    } catch (siding::cancelled_error const&) {
        cancelled = true;
    }
    t(cancelled, ' ', siding::current_task().cancelling());
    for (int way = 0; way < 2; ++way) {
        auto limited = way == 0 ? siding::timeout(20ms, slow()) : siding::wait_for(slow(), 20ms);
        try {
            co_await std::move(limited);
        } catch (siding::timeout_error const&) {
            t("timeout_error");
        } catch (siding::cancelled_error const&) {
            t("cancelled_error");
        }
    }
}

siding::coroutine<> time_limit_in_a_clean_up(trace& t) {
    siding::event started;
    auto const job = siding::create_task(clean_up_in_time(started, t));
    co_await started.wait();
    co_await siding::sleep(1ms);
    job.cancel();
    co_await job;
}

TEST_F(races, a_time_limit_in_the_clean_up_of_a_cancelled_task_is_one) {
    trace t;
    run_virtually(time_limit_in_a_clean_up(t));
    EXPECT_EQ(t.lines(), (lines{"1 1", "timeout_error", "timeout_error"}));
}

siding::coroutine<> take_it_back(trace& t) {
    auto const me = siding::current_task();
    me.cancel();
    t(me.uncancel());
    co_await siding::sleep(1ms); // the request has been taken back before it was thrown
    t("went on");
}

TEST_F(races, a_cancellation_that_was_taken_back_in_time_is_not_thrown) {
    trace t;
    run_virtually(take_it_back(t));
    EXPECT_EQ(t.lines(), (lines{"0", "went on"}));
}

siding::coroutine<> fail() {
    co_await siding::sleep(1ms);
    throw std::runtime_error("failed");
}

siding::coroutine<> group_in_a_cancelled_task(trace& t) {
    bool failed = false;
    try {
        auto body = [](siding::task_group& group) -> siding::coroutine<> {
            group.create_task(fail());
            try {
                co_await siding::sleep(1h);
            } catch (siding::cancelled_error const&) {
                siding::current_task().cancel(); // as somebody else might, in this turn
                throw;
            }
        };
        auto group = siding::task_group::run(body);
        co_await std::move(group);
    } catch (siding::exception_group const&) {
        failed = true;
    }
    t(failed, ' ', siding::current_task().cancelling());
    co_await siding::sleep(1ms);
    t("not cancelled");
}

TEST_F(races, a_group_that_fails_passes_a_cancellation_from_outside_on) {
    trace t;
    auto main = [](trace& to) -> siding::coroutine<> {
        auto const task = siding::create_task(group_in_a_cancelled_task(to));
        co_await siding::gather(siding::return_exceptions, task);
        to(task.cancelled());
    };
    run_virtually(main(t));
    EXPECT_EQ(t.lines(), (lines{"1 1", "1"}));
}

// -- Servers

class server_races : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, server_races, every_backend, backend_name);

siding::coroutine<> answer(trace& t, siding::stream_reader reader, siding::stream_writer writer) {
    t("begins");
    auto const said = co_await reader.read(10);
    writer.write(said);
    t("ends");
}

siding::coroutine<> close_in_turn(int turn, trace& t) {
    auto handler = [&t](siding::stream_reader reader, siding::stream_writer writer) {
        return answer(t, std::move(reader), std::move(writer));
    };
    auto started = siding::start_server(handler, "127.0.0.1");
    auto const server = co_await std::move(started);
    siding::descriptor const client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto const address = server.addresses().front();
    EXPECT_EQ(::connect(client.get(), address.data(), address.size()), 0);
    for (int i = 0; i < turn; ++i) {
        co_await siding::sleep(0s);
    }
    server.close();
    auto const closed = siding::create_task(server.wait_closed());
    co_await siding::sleep(0s);
    if (t.lines().empty() && closed.done()) co_return; // it was not accepted
    EXPECT_EQ(::send(client.get(), "x", 1, MSG_NOSIGNAL), 1);
    co_await closed;
    t("closed");
}

/// In whatever turn the server is closed: who waits for that waits for each handler that begins.
TEST_P(server_races, a_connection_counts_from_its_acceptance) {
    int served = 0;
    for (int turn = 0; turn < 200; ++turn) {
        trace t;
        run(close_in_turn(turn, t));
        if (t.lines().empty()) continue;
        EXPECT_EQ(t.lines(), (lines{"begins", "ends", "closed"})) << "turn " << turn;
        ++served;
    }
    EXPECT_GT(served, 0);
}

siding::coroutine<> serve_forever_twice(trace& t) {
    auto handler = [](siding::stream_reader, siding::stream_writer) -> siding::coroutine<> {
        co_return;
    };
    auto started = siding::start_server(handler, "127.0.0.1");
    auto const server = co_await std::move(started);
    auto const forever = siding::create_task(server.serve_forever());
    co_await siding::sleep(0s);
    try {
        auto again = server.serve_forever();
        co_await std::move(again);
    } catch (siding::runtime_error const& error) {
        t(error.what());
    }
    server.close();
    co_await siding::gather(siding::return_exceptions, forever);
    t(forever.cancelled());
}

TEST_P(server_races, a_closed_server_ends_serve_forever) {
    trace t;
    run(serve_forever_twice(t));
    EXPECT_EQ(t.lines(), (lines{"server is already being awaited on serve_forever()", "1"}));
}

constexpr std::size_t much = std::size_t{8} << 20u;

siding::coroutine<> send_much(siding::stream_reader reader, siding::stream_writer writer) {
    auto const asked = co_await reader.readline();
    if (asked.empty()) co_return;
    writer.write(std::string(much, 'x')); // the transport sends it, whoever is cancelled
    writer.close();
}

siding::coroutine<std::size_t> receive_much(std::uint16_t port, siding::event& reads) {
    auto dial = siding::open_connection("127.0.0.1", port);
    auto [reader, writer] = co_await std::move(dial);
    writer.write("go\n");
    co_await reads.wait();
    std::size_t count = 0;
    while (true) {
        auto const some = co_await reader.read(65536);
        if (some.empty()) break;
        count += some.size();
    }
    co_return count;
}

/// What everybody does who ends a server in good order.
siding::coroutine<> cancel_all_but_me(trace& t) {
    auto started = siding::start_server(send_much, "127.0.0.1");
    auto const server = co_await std::move(started);
    siding::event reads;
    auto const client = siding::create_task(receive_much(server.port(), reads), "client");
    co_await siding::sleep(20ms);
    for (auto const& each : siding::all_tasks()) {
        if (each == siding::current_task() || each.get_name() == "client") continue;
        t("cancels ", each.get_name());
        each.cancel();
    }
    reads.set();
    auto const received = co_await client;
    EXPECT_EQ(received, much);
    EXPECT_TRUE(server.is_serving());
    auto const again = siding::create_task(receive_much(server.port(), reads));
    auto const second = co_await again;
    EXPECT_EQ(second, much);
    server.close();
}

TEST_P(server_races, what_the_library_runs_for_itself_is_no_task) {
    trace t;
    run(cancel_all_but_me(t));
    EXPECT_EQ(t.lines(), lines{}) << "the handler had ended; acceptor and flusher are not tasks";
}

} // namespace
