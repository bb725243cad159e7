// SPDX-License-Identifier: MIT
// Example 1: synchronous. One fetch after the other; while one waits, nobody runs.

#include "timeline.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

example::timeline timeline;

std::string fetch_data(std::string const& name, seconds length) {
    timeline.waits(name, "fetches for " + example::text(length) + " s");
    std::this_thread::sleep_for(length);
    timeline.ended(name, "has its data");
    return "data of " + name;
}

} // namespace

int main() {
    timeline.runs("main", "calls first, then second");
    auto const first = fetch_data("first", 400ms);
    auto const second = fetch_data("second", 200ms);
    timeline.ended("main", "got " + first + " and " + second);
    timeline.draw();
}
