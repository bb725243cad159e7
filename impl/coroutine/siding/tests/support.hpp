// SPDX-License-Identifier: MIT
#pragma once

#include "siding/siding.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

namespace siding_test {

using namespace std::chrono_literals;

/// What happened, in order: tests compare it as a whole.
class trace {
public:
    template <class... Part>
    void operator()(Part const&... parts) {
        std::ostringstream line;
        (line << ... << parts);
        lines_.push_back(line.str());
    }
    [[nodiscard]] std::vector<std::string> const& lines() const noexcept { return lines_; }

private:
    std::vector<std::string> lines_;
};

[[nodiscard]] inline std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

/// Frames, futures, callbacks and descriptors are back to where they were after every test.
class clean_test : public testing::Test {
protected:
    void SetUp() override {
        blocks_ = siding::live_blocks();
        descriptors_ = open_descriptors();
    }
    void TearDown() override {
        EXPECT_EQ(siding::live_blocks(), blocks_) << "a frame, future or callback leaks";
        EXPECT_EQ(open_descriptors(), descriptors_) << "a descriptor leaks";
        EXPECT_EQ(siding::detail::loop_core::of_this_thread(), nullptr);
    }

private:
    std::size_t blocks_ = 0;
    std::size_t descriptors_ = 0;
};

/// Runs `main` on virtual time.
template <class T>
T run_virtually(siding::coroutine<T> main) {
    siding::virtual_clock clock;
    return siding::run(std::move(main), {.clock = &clock});
}

/// Virtual milliseconds since the start.
[[nodiscard]] inline long now_ms() {
    return siding::get_running_loop().time().time_since_epoch() / 1ms;
}

using lines = std::vector<std::string>;

} // namespace siding_test
