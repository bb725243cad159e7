// SPDX-License-Identifier: MIT
// Slack is a switch of the harness, equal for all models: it must reach whatever way a model has to
// start something, and must not outlast the session that it was asked for.
#include "proc/timer_slack.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

int slack_here() { return ::prctl(PR_GET_TIMERSLACK); }

int slack_of_a_thread() {
    int seen = -1;
    std::thread([&] { seen = slack_here(); }).join();
    return seen;
}

/// Also after exec, which a worker in another language goes through.
std::string slack_of_a_program() {
    std::string text;
    auto* const out = ::popen("cat /proc/self/timerslack_ns", "r");
    if (out == nullptr) return "";
    for (int letter = 0; (letter = std::fgetc(out)) != EOF && letter != '\n';) {
        text += static_cast<char>(letter);
    }
    ::pclose(out);
    return text;
}

TEST(timer_slack, reaches_threads_and_children_and_ends) {
    auto const before = slack_here();
    {
        proc::timer_slack const coarse(1'234us);
        EXPECT_EQ(slack_here(), 1'234'000);
        EXPECT_EQ(slack_of_a_thread(), 1'234'000);
        EXPECT_EQ(slack_of_a_program(), "1234000");
    }
    EXPECT_EQ(slack_here(), before);
    EXPECT_EQ(slack_of_a_thread(), before);
}

TEST(timer_slack, zero_leaves_what_there_is) {
    proc::timer_slack const coarse(777us);
    proc::timer_slack const same(0ns);
    EXPECT_EQ(slack_here(), 777'000);
}

} // namespace
