// SPDX-License-Identifier: MIT
#include "proc/account.hpp"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

constexpr int waits = 200;

void wait_for(pid_t child) {
    while (::waitpid(child, nullptr, 0) == -1 && errno == EINTR) {
    }
}

/// A child whose thread has waited so many times and ended; it says so by a byte and stays.
pid_t start_server(int ready) {
    auto const child = ::fork();
    if (child != 0) return child;
    std::thread([] {
        for (int i = 0; i < waits; ++i) {
            std::this_thread::sleep_for(1us);
        }
    }).join();
    if (::write(ready, "r", 1) != 1) ::_exit(1);
    for (;;) {
        ::pause();
    }
}

TEST(Account, HasWhatEndedThreadsUsed) {
    proc::account_giver const giver; // the child inherits page and handler
    ASSERT_NE(giver.fd(), -1);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    auto const server = start_server(ready[1]);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    proc::account_asker const asker(giver.fd(), server);
    auto const own = asker.ask();
    ASSERT_TRUE(own);
    EXPECT_GE(own->self.ru_nvcsw, waits);
    EXPECT_LT(own->self.ru_nvcsw, waits + waits / 10);
    ::kill(server, SIGSTOP);
    EXPECT_FALSE(asker.ask()) << "a stopped process answers";
    ::kill(server, SIGKILL);
    wait_for(server);
    EXPECT_FALSE(asker.ask()) << "a process that has gone answers";
    ::close(ready[0]);
    ::close(ready[1]);
}

} // namespace
