// SPDX-License-Identifier: MIT
// Example 4: gather keeps the order of its arguments; a task group cancels the rest on an error.

#include "timeline.hpp"

#include <siding/siding.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;

example::timeline timeline;

siding::coroutine<std::string> fetch_data(std::string name, siding::duration length,
                                          bool fails = false) {
    timeline.waits(name, "fetches for " + example::text(length) + " s");
    try {
        co_await siding::sleep(length);
    } catch (siding::cancelled_error const&) {
        timeline.ended(name, "is cancelled");
        throw;
    }
    if (fails) {
        timeline.ended(name, "fails");
        throw std::invalid_argument("no data for " + name);
    }
    timeline.ended(name, "has its data");
    co_return "data of " + name;
}

siding::coroutine<> third_and_fourth(siding::task_group& group) {
    group.create_task(fetch_data("third", 400ms));
    group.create_task(fetch_data("fourth", 200ms, true));
    co_return;
}

siding::coroutine<> main_task() {
    timeline.waits("main", "gathers first and second");
    auto const [first, second] =
        co_await siding::gather(fetch_data("first", 400ms), fetch_data("second", 200ms));
    timeline.runs("main", "got " + first + " and " + second);

    timeline.waits("main", "runs third and fourth in a group");
    try {
        co_await siding::task_group::run(third_and_fourth);
    } catch (siding::exception_group const& errors) {
        try {
            std::rethrow_exception(errors.exceptions().front());
        } catch (std::invalid_argument const& error) {
            timeline.ended("main", std::string("caught: ") + error.what());
        }
    }
}

} // namespace

int main() {
    siding::run(main_task());
    timeline.draw();
}
