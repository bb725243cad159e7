// SPDX-License-Identifier: MIT
// Each word of the lesson, shown by a small piece. `terms WORD`, or no word for the list.

#include <siding/siding.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::string fetch() {
    std::puts("fetch starts");
    std::this_thread::sleep_for(50ms);
    std::puts("fetch ends");
    return "data";
}

void synchronous_function() {
    std::puts("before the call");
    std::printf("got %s\n", fetch().c_str());
}

siding::coroutine<std::string> body() {
    std::puts("the body runs");
    co_return "data";
}

void coroutine_function() {
    auto const made = body();
    std::puts("called, and the body has not run");
}

void coroutine_object() {
    auto made = body();
    std::puts("made");
    std::printf("got %s\n", siding::run(std::move(made)).c_str());
    try {
        static_cast<void>(siding::run(std::move(made)));
    } catch (std::exception const&) {
        std::puts("a second time is an error");
    }
}

siding::coroutine<std::string> pausing_fetch() {
    std::puts("fetch starts");
    co_await siding::sleep(50ms);
    std::puts("fetch ends");
    co_return "data";
}

siding::coroutine<> await_main() {
    std::puts("before await");
    auto const data = co_await pausing_fetch();
    std::printf("got %s\n", data.c_str());
}

siding::coroutine<> waiter(siding::future<std::string> result) {
    std::puts("waiter awaits");
    auto const data = co_await result;
    std::printf("waiter got %s\n", data.c_str());
}

siding::coroutine<> future_main() {
    auto result = siding::get_running_loop().create_future<std::string>();
    auto const waiting = siding::create_task(waiter(result));
    co_await siding::sleep(0s);
    std::puts("main sets the result");
    result.set_result("data");
    co_await waiting;
}

siding::coroutine<> named_fetch(std::string name) {
    std::printf("%s starts\n", name.c_str());
    co_await siding::sleep(0s);
    std::printf("%s ends\n", name.c_str());
}

siding::coroutine<> task_main() {
    auto const first = siding::create_task(named_fetch("first"));
    auto const second = siding::create_task(named_fetch("second"));
    std::puts("both made, none started");
    co_await first;
    co_await second;
}

siding::coroutine<> loop_main() {
    auto& loop = siding::get_running_loop();
    auto done = loop.create_future<>();
    loop.call_later(20ms, [done]() mutable {
        std::puts("third: a timer");
        done.set_result();
    });
    loop.call_soon([] { std::puts("first: ready"); });
    loop.call_soon([] { std::puts("second: ready"); });
    std::puts("main waits");
    co_await done;
}

siding::coroutine<> wait_once() { co_await siding::sleep(100ms); }

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

siding::coroutine<> io_main() {
    auto const started = std::chrono::steady_clock::now();
    std::vector<siding::coroutine<>> waits;
    for (int i = 0; i < 10; ++i) {
        waits.push_back(wait_once());
    }
    co_await siding::gather(std::move(waits));
    std::printf("ten waits of 0.1 s, together: %.1f s\n", seconds_since(started));
}

siding::coroutine<> compute() {
    std::vector<long> numbers(3'000'000);
    std::iota(numbers.begin(), numbers.end(), 0L);
    long volatile sum = std::accumulate(numbers.begin(), numbers.end(), 0L);
    static_cast<void>(sum);
    co_return;
}

siding::coroutine<> cpu_main() {
    auto started = std::chrono::steady_clock::now();
    co_await compute();
    auto const one_s = seconds_since(started);
    started = std::chrono::steady_clock::now();
    std::vector<siding::coroutine<>> pieces;
    for (int i = 0; i < 10; ++i) {
        pieces.push_back(compute());
    }
    co_await siding::gather(std::move(pieces));
    bool const longer = seconds_since(started) > 3 * one_s;
    std::printf("ten pieces take several times as long as one: %s\n", longer ? "True" : "False");
}

template <siding::coroutine<> (*Main)()>
void run_main() {
    siding::run(Main());
}

struct term {
    char const* name;
    char const* meaning;
    void (*show)();
};

constexpr std::array terms{
    term{"synchronous-function", "runs from start to finish; its caller waits",
         synchronous_function},
    term{"coroutine-function", "`async def`: calling it runs nothing, it makes a coroutine object",
         coroutine_function},
    term{"coroutine-object", "the paused call itself: it can be started, paused, continued, once",
         coroutine_object},
    term{"await", "pauses this coroutine until the other has a result; the loop is free meanwhile",
         run_main<await_main>},
    term{"future", "a result that is not there yet; whoever awaits it is resumed when it is set",
         run_main<future_main>},
    term{"task", "a coroutine object handed to the loop: it runs whenever others wait",
         run_main<task_main>},
    term{"event-loop", "takes what is ready, in order, and runs each until it waits",
         run_main<loop_main>},
    term{"io-bound", "the time goes into waiting: ten waits at once take as long as one",
         run_main<io_main>},
    term{"cpu-bound",
         "the time goes into computing: ten pieces on one loop take ten times as long as one",
         run_main<cpu_main>},
};

} // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        for (auto const& each : terms) {
            std::printf("%-21s %s\n", each.name, each.meaning);
        }
        return 0;
    }
    std::string known;
    for (auto const& each : terms) {
        if (std::strcmp(each.name, arguments[1]) == 0) {
            each.show();
            return 0;
        }
        known += std::string(" ") + each.name;
    }
    std::fprintf(stderr, "terms: no such word: %s; one of:%s\n", arguments[1], known.c_str());
    return 64;
}
