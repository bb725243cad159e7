// SPDX-License-Identifier: MIT
// Example 3: tasks. The loop runs both; the waits overlap and the longest one decides.

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
    timeline.runs("main", "makes two tasks");
    auto const first = siding::create_task(fetch_data("first", 400ms));
    auto const second = siding::create_task(fetch_data("second", 200ms));
    timeline.waits("main", "awaits first");
    auto const first_data = co_await first;
    timeline.waits("main", "awaits second");
    auto const second_data = co_await second;
    timeline.ended("main", "got " + first_data + " and " + second_data);
}

} // namespace

int main() {
    siding::run(main_task());
    timeline.draw();
}
