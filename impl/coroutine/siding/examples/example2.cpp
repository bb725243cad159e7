// SPDX-License-Identifier: MIT
// Example 2: the mistake. Two coroutine objects, awaited one after another: no concurrency.
//
// Calling a coroutine function makes an object and runs nothing. `co_await` runs that one object to
// its end; the second has not begun when the first is done.

#include "timeline.hpp"

#include <siding/siding.hpp>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;

example::timeline timeline;

siding::coroutine<std::string> fetch_data(std::string name, siding::duration length) {
    timeline.waits(name, "fetches for " + example::text(length) + " s");
    co_await siding::sleep(length);
    timeline.ended(name, "has its data");
    co_return "data of " + name;
}

siding::coroutine<> main_task() {
    timeline.runs("main", "makes two coroutine objects");
    auto first = fetch_data("first", 400ms);
    auto second = fetch_data("second", 200ms);
    timeline.waits("main", "awaits first");
    auto const first_data = co_await std::move(first);
    timeline.waits("main", "awaits second");
    auto const second_data = co_await std::move(second);
    timeline.ended("main", "got " + first_data + " and " + second_data);
}

} // namespace

int main() {
    siding::run(main_task());
    timeline.draw();
}
