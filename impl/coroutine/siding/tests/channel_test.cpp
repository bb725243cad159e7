// SPDX-License-Identifier: MIT
#include "siding/channel.hpp"

#include "backends.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

using namespace siding_test;

namespace {

class channels : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, channels, every_backend, backend_name);

siding::coroutine<> send_numbers(siding::channel<int>& to, int count, trace& saw) {
    for (int i = 0; i < count; ++i) {
        co_await to.send(i);
        saw("sent ", i);
    }
    to.close();
}

siding::coroutine<> pass_through_a_full_channel(trace& saw) {
    siding::channel<int> one(1);
    auto const sender = siding::create_task(send_numbers(one, 3, saw));
    co_await siding::sleep(0ns);
    co_await siding::sleep(0ns);
    saw("held back");
    while (true) {
        auto const got = co_await one.receive();
        if (!got) break;
        saw("got ", *got);
    }
    co_await sender;
    EXPECT_THROW(co_await one.send(1), siding::channel_closed);
    int again = 1;
    EXPECT_THROW(static_cast<void>(one.try_send(again)), siding::channel_closed);
    EXPECT_EQ(one.try_receive(), std::nullopt);
}

TEST_P(channels, hold_the_sender_back_and_end_when_they_are_closed_and_empty) {
    trace saw;
    run(pass_through_a_full_channel(saw));
    EXPECT_EQ(saw.lines(),
              (lines{"sent 0", "held back", "got 0", "sent 1", "got 1", "sent 2", "got 2"}));
    EXPECT_THROW(siding::channel<int>(0), siding::value_error);
}

siding::coroutine<std::optional<int>> receive_one(siding::channel<int>& from) {
    co_return co_await from.receive();
}

siding::coroutine<> cancel_waiters() {
    siding::channel<int> line(1);
    auto const first = siding::create_task(receive_one(line));
    auto const second = siding::create_task(receive_one(line));
    auto const third = siding::create_task(receive_one(line));
    co_await siding::sleep(0ns);
    first.cancel(); // while it waits
    co_await siding::sleep(0ns);
    co_await siding::sleep(0ns);
    EXPECT_TRUE(first.cancelled());
    co_await line.send(7);
    second.cancel(); // it was woken for the item, and has not run
    EXPECT_EQ(co_await third, 7);
    EXPECT_THROW(co_await second, siding::cancelled_error);

    co_await line.send(1);
    auto const blocked = siding::create_task(siding::timeout(1ms, [&] {
        auto sending = [](siding::channel<int>& to) -> siding::coroutine<> { co_await to.send(2); };
        return sending(line);
    }()));
    EXPECT_THROW(co_await blocked, siding::timeout_error);
    EXPECT_EQ(line.try_receive(), 1);
    EXPECT_EQ(line.try_receive(), std::nullopt); // the 2 was not sent
}

TEST_P(channels, lose_nothing_when_who_waits_is_cancelled) { run(cancel_waiters()); }

siding::coroutine<> destroy_under_waiters() {
    std::optional<siding::channel<int>> gone(std::in_place, 1);
    auto const receiver = siding::create_task(receive_one(*gone));
    co_await siding::sleep(0ns);
    gone.reset();
    EXPECT_EQ(co_await receiver, std::nullopt);
    gone.emplace(1);
    co_await gone->send(1);
    auto const sending = [](siding::channel<int>& to) -> siding::coroutine<> {
        co_await to.send(2);
    };
    auto const sender = siding::create_task(sending(*gone));
    co_await siding::sleep(0ns);
    gone.reset();
    EXPECT_THROW(co_await sender, siding::channel_closed);
}

TEST_P(channels, may_die_before_their_waiters) { run(destroy_under_waiters()); }

TEST_P(channels, leave_a_loop_that_is_closed_while_a_task_waits) {
    siding::channel<int> line(1);
    {
        siding::loop home;
        home.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        auto const main = [&]() -> siding::coroutine<> {
            siding::create_task(receive_one(line));
            siding::create_task(receive_one(line));
            co_await siding::sleep(0ns);
            int item = 1;
            EXPECT_TRUE(line.try_send(item)); // one of them is woken, and never runs
            siding::get_running_loop().stop();
        };
        auto body = main();
        auto const task = home.create_task(std::move(body));
        home.run_forever();
    }
    EXPECT_EQ(line.try_receive(), 1);
}

/// What `receivers` got, each sender's items in its order.
void expect_all(std::vector<std::vector<std::pair<int, int>>> const& got, int senders, int each) {
    std::vector<int> count(static_cast<std::size_t>(senders));
    for (auto const& of_one : got) {
        std::vector<int> last(static_cast<std::size_t>(senders), -1);
        for (auto const& [sender, number] : of_one) {
            EXPECT_GT(number, last[static_cast<std::size_t>(sender)]);
            last[static_cast<std::size_t>(sender)] = number;
            ++count[static_cast<std::size_t>(sender)];
        }
    }
    for (auto const of_one : count) {
        EXPECT_EQ(of_one, each);
    }
}

using pairs = std::vector<std::pair<int, int>>;

siding::coroutine<> send_pairs(siding::channel<std::pair<int, int>>& to, int sender, int count) {
    for (int i = 0; i < count; ++i) {
        auto item = std::pair(sender, i);
        co_await to.send(item);
    }
}

siding::coroutine<> receive_pairs(siding::channel<std::pair<int, int>>& from, pairs& into) {
    while (true) {
        auto const got = co_await from.receive();
        if (!got) break;
        into.push_back(*got);
    }
}

TEST_P(channels, carry_items_between_loops_and_threads) {
    constexpr int each = 2'000;
    constexpr int senders = 4; // two threads, two tasks in loops of their own
    for (std::size_t const capacity : {1u, 7u}) {
        siding::channel<std::pair<int, int>> line(capacity);
        std::vector<pairs> got(4);
        {
            std::vector<std::jthread> receiving;
            std::vector<std::jthread> sending;
            for (int i = 0; i < 2; ++i) {
                receiving.emplace_back([&, i] {
                    while (auto item = line.receive_blocking()) {
                        got[static_cast<std::size_t>(i)].push_back(*item);
                    }
                });
                receiving.emplace_back(
                    [&, i] { run(receive_pairs(line, got[static_cast<std::size_t>(2 + i)])); });
                sending.emplace_back([&, i] {
                    for (int number = 0; number < each; ++number) {
                        line.send_blocking({i, number});
                    }
                });
                sending.emplace_back([&, i] { run(send_pairs(line, 2 + i, each)); });
            }
            sending.clear(); // joins
            line.close();
        }
        expect_all(got, senders, each);
    }
}

siding::coroutine<> block_the_loop() {
    siding::channel<int> line(1);
    EXPECT_THROW(line.send_blocking(1), siding::runtime_error);
    EXPECT_THROW(static_cast<void>(line.receive_blocking()), siding::runtime_error);
    co_return;
}

TEST_P(channels, refuse_to_block_a_running_loop) { run(block_the_loop()); }

siding::coroutine<> receive_into(siding::channel<std::pair<int, int>>& from, pairs& into,
                                 bool& ended) {
    auto const got = co_await from.receive();
    if (got) {
        into.push_back(*got);
    } else {
        ended = true;
    }
}

/// Gives up and begins again, all the time.
siding::coroutine<> receive_impatiently(siding::channel<std::pair<int, int>>& from, pairs& into) {
    bool ended = false;
    while (!ended) {
        auto const waiting = siding::create_task(receive_into(from, into, ended));
        for (int turn = 0; turn < 3 && !waiting.done(); ++turn) {
            co_await siding::sleep(0ns);
        }
        waiting.cancel();
        static_cast<void>(co_await siding::gather(siding::return_exceptions, waiting));
    }
}

TEST_P(channels, lose_nothing_to_cancellations_in_other_threads) {
    constexpr int each = 3'000;
    siding::channel<std::pair<int, int>> line(2);
    std::vector<pairs> got(2);
    {
        std::jthread const first([&] { run(receive_impatiently(line, got[0])); });
        std::jthread const second([&] { run(receive_impatiently(line, got[1])); });
        std::jthread([&] { run(send_pairs(line, 0, each)); }).join();
        line.close();
    }
    expect_all(got, 1, each);
}

} // namespace
