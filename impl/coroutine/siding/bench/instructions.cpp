// SPDX-License-Identifier: MIT
// One kind of operation, COUNT times, and nothing else: instructions.py counts the instructions
// of n and of 2 n of them, and what that differs by is the price of n.
//   siding-instructions NAME COUNT

#include <siding/siding.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using siding::coroutine;

[[gnu::noinline]] coroutine<int> answer(int value) { co_return value; }

coroutine<> await_ready(int count) {
    for (int i = 0; i < count; ++i) {
        static_cast<void>(co_await answer(1));
    }
}

coroutine<> yielder(int count) {
    for (int i = 0; i < count; ++i) {
        co_await siding::yield();
    }
}

coroutine<> sleeper_for_nothing(int count) {
    for (int i = 0; i < count; ++i) {
        co_await siding::sleep(0ns);
    }
}

/// `count` in all, enough in each task to make its own cost small.
coroutine<> among(int tasks, coroutine<> (*one)(int), int count) {
    for (int i = 1; i < tasks; ++i) {
        siding::create_task(one(count / tasks));
    }
    co_await siding::create_task(one(count / tasks));
}

coroutine<> spawn_join(int count) {
    for (int i = 0; i < count; ++i) {
        static_cast<void>(co_await siding::create_task(answer(1)));
    }
}

coroutine<> spawn_many(int count) {
    std::vector<siding::task<int>> all;
    all.reserve(1'000);
    for (int done = 0; done < count; done += 1'000) {
        for (int i = 0; i < 1'000; ++i) {
            all.push_back(siding::create_task(answer(1)));
        }
        for (auto const& each : all) {
            static_cast<void>(co_await each);
        }
        all.clear();
    }
}

coroutine<> gather_of_1000(int count) {
    for (int done = 0; done < count; done += 1'000) {
        std::vector<coroutine<int>> all;
        all.reserve(1'000);
        for (int i = 0; i < 1'000; ++i) {
            all.push_back(answer(i));
        }
        auto const results = co_await siding::gather(std::move(all));
        static_cast<void>(results);
    }
}

coroutine<> gather_of_10(int count) {
    for (int i = 0; i < count; ++i) {
        std::vector<coroutine<int>> ten;
        ten.reserve(10);
        for (int k = 0; k < 10; ++k) {
            ten.push_back(answer(k));
        }
        auto const all = co_await siding::gather(std::move(ten));
        static_cast<void>(all);
    }
}

coroutine<> group_body(siding::task_group& group, int count) {
    for (int i = 0; i < count; ++i) {
        group.create_task(answer(i));
    }
    co_return;
}

coroutine<> group_of_1000(int count) {
    for (int done = 0; done < count; done += 1'000) {
        auto body = [](siding::task_group& group) { return group_body(group, 1'000); };
        auto all = siding::task_group::run(body);
        co_await std::move(all);
    }
}

coroutine<> producer(siding::queue<int>& to, int count) {
    for (int i = 0; i < count; ++i) {
        co_await to.put(i);
    }
}

coroutine<> queue_of(std::size_t size, int count) {
    siding::queue<int> line(size);
    auto const sender = siding::create_task(producer(line, count));
    for (int i = 0; i < count; ++i) {
        static_cast<void>(co_await line.get());
    }
    co_await sender;
}

coroutine<> locker(siding::lock& l, int count, bool yields) {
    for (int i = 0; i < count; ++i) {
        auto const held = co_await l.scoped();
        if (yields) co_await siding::yield();
    }
}

coroutine<> lock_free(int count) {
    siding::lock l;
    co_await locker(l, count, false);
}

coroutine<> lock_contended(int count) {
    siding::lock l;
    auto const other = siding::create_task(locker(l, count / 2, true));
    co_await locker(l, count / 2, true);
    co_await other;
}

coroutine<> timeouts(int count) {
    for (int i = 0; i < count; ++i) {
        auto limited = siding::timeout(1h, answer(1));
        static_cast<void>(co_await std::move(limited));
    }
}

coroutine<> wait_fors(int count) {
    for (int i = 0; i < count; ++i) {
        auto limited = siding::wait_for(answer(1), 1h);
        static_cast<void>(co_await std::move(limited));
    }
}

coroutine<> timers(int count) {
    auto& home = siding::get_running_loop();
    for (int i = 0; i < count; ++i) {
        home.call_later(1h, [] {}).cancel();
    }
    co_return;
}

coroutine<> sleeper() { co_await siding::sleep(1h); }

coroutine<> cancel_joined(int count) {
    for (int i = 0; i < count; ++i) {
        auto const waits = siding::create_task(sleeper());
        co_await siding::yield();
        waits.cancel();
        try {
            co_await waits;
        } catch (siding::cancelled_error const&) {
        }
    }
}

[[gnu::noinline]] void throw_a_cancellation() { throw siding::cancelled_error(); }

/// What C++ itself asks for an exception, in a coroutine that does nothing but catch it.
coroutine<> throw_and_catch(int count) {
    for (int i = 0; i < count; ++i) {
        try {
            throw_a_cancellation();
        } catch (siding::cancelled_error const&) {
        }
    }
    co_return;
}

coroutine<> cancel_settled(int count) {
    for (int i = 0; i < count; ++i) {
        auto const waits = siding::create_task(sleeper());
        co_await siding::yield();
        waits.cancel();
        auto const end = co_await waits.settled();
        if (!end.cancelled()) std::abort();
    }
}

std::map<std::string, coroutine<> (*)(int)> const operations{
    {"await", await_ready},
    {"yield_2", [](int count) { return among(2, yielder, count); }},
    {"sleep_0", [](int count) { return among(2, sleeper_for_nothing, count); }},
    {"yield_1000", [](int count) { return among(1'000, yielder, count); }},
    {"spawn_join", spawn_join},
    {"spawn_1000", spawn_many},
    {"gather_10", gather_of_10},
    {"gather_1000", gather_of_1000},
    {"group_1000", group_of_1000},
    {"queue_hop", [](int count) { return queue_of(1, count); }},
    {"queue_buffered", [](int count) { return queue_of(0, count); }},
    {"lock_free", lock_free},
    {"lock_contended", lock_contended},
    {"timeout", timeouts},
    {"wait_for", wait_fors},
    {"timer", timers},
    {"cancel_joined", cancel_joined},
    {"cancel_settled", cancel_settled},
    {"throw_catch", throw_and_catch},
};

} // namespace

int main(int count, char** arguments) {
    if (count == 1) {
        for (auto const& [name, run] : operations) {
            std::puts(name.c_str());
        }
        return 0;
    }
    siding::run(operations.at(arguments[1])(std::atoi(arguments[2])));
}
