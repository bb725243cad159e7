// SPDX-License-Identifier: MIT
// Example 5: a blocking call starves the loop; to_thread is the cure.

#include "timeline.hpp"

#include <siding/siding.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

example::timeline timeline;

void blocking_read(std::string const& name) {
    timeline.waits(name, "blocks its thread for 0.4 s");
    std::this_thread::sleep_for(400ms);
    timeline.ended(name, "is done");
}

siding::coroutine<> ticker(std::string name) {
    for (int tick = 1; tick <= 3; ++tick) {
        timeline.waits(name, "sleeps 0.1 s");
        co_await siding::sleep(100ms);
        timeline.runs(name, "tick " + std::to_string(tick));
    }
    timeline.ended(name, "is done");
}

siding::coroutine<> blocking_coroutine(std::string name) {
    blocking_read(name);
    co_return;
}

siding::coroutine<> main_task() {
    timeline.waits("main", "blocks inside the loop");
    co_await siding::gather(ticker("ticker1"), blocking_coroutine("block1"));
    timeline.waits("main", "blocks in a thread");
    auto in_thread = siding::to_thread(blocking_read, std::string("block2"));
    co_await siding::gather(ticker("ticker2"), std::move(in_thread));
    timeline.ended("main", "is done");
}

} // namespace

int main() {
    siding::run(main_task());
    timeline.draw();
}
