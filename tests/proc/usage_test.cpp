// SPDX-License-Identifier: MIT
#include "proc/account.hpp"
#include "proc/machine.hpp"
#include "proc/memory.hpp"
#include "proc/process_tree.hpp"
#include "proc/usage.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int waits = 200;

/// Each wait is one voluntary switch.
void wait_often() {
    for (int i = 0; i < waits; ++i) {
        std::this_thread::sleep_for(1us);
    }
}

void wait_for(pid_t child) {
    while (::waitpid(child, nullptr, 0) == -1 && errno == EINTR) {
    }
}

/// A child that does one thing at a time, when it is told to.
class obedient {
public:
    explicit obedient(std::function<void()> first) {
        // The page must be there before the fork, for both to see it.
        if (::pipe(commands_.data()) != 0 || ::pipe(answers_.data()) != 0) std::abort();
        pid_ = ::fork();
        if (pid_ != 0) return;
        char command = 0;
        while (::read(commands_[0], &command, 1) == 1) {
            first();
            if (::write(answers_[1], &command, 1) != 1) ::_exit(1);
        }
        ::_exit(0);
    }
    obedient(obedient const&) = delete;
    obedient& operator=(obedient const&) = delete;
    ~obedient() {
        ::kill(pid_, SIGKILL);
        wait_for(pid_);
        for (auto const fd : {commands_[0], commands_[1], answers_[0], answers_[1]}) {
            ::close(fd);
        }
    }
    void act() const {
        char byte = 0;
        ASSERT_EQ(::write(commands_[1], &byte, 1), 1);
        ASSERT_EQ(::read(answers_[0], &byte, 1), 1);
    }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    std::array<int, 2> commands_{};
    std::array<int, 2> answers_{};
    pid_t pid_ = -1;
};

void expect_about(std::optional<std::uint64_t> found, std::uint64_t expected) {
    ASSERT_TRUE(found);
    EXPECT_GE(*found, expected);
    EXPECT_LE(*found, expected + expected / 20 + 10);
}

proc::used while_it(proc::usage_reader const& reader, std::function<void()> const& work) {
    auto const before = reader.read(proc::edge::opening);
    work();
    return proc::usage_between(before, reader.read(proc::edge::closing));
}

TEST(Usage, EndedThreadsOfThisProcessCount) {
    proc::usage_reader const reader(::getpid(), std::vector<pid_t>{});
    auto const used = while_it(reader, [] {
        for (int i = 0; i < 5; ++i) {
            std::thread(wait_often).join();
        }
    });
    expect_about(used.voluntary_switches, 5 * waits);
    EXPECT_EQ(used.cpu_ns, used.user_ns + used.system_ns);
}

TEST(Usage, ChildrenThatWereWaitedForCount) {
    proc::usage_reader const reader(::getpid(), std::vector<pid_t>{});
    auto const used = while_it(reader, [] {
        for (int i = 0; i < 5; ++i) {
            auto const child = ::fork();
            if (child == 0) {
                wait_often();
                ::_exit(0);
            }
            wait_for(child);
        }
    });
    expect_about(used.voluntary_switches, 5 * waits);
    EXPECT_GT(used.minor_faults, 5u);
}

TEST(Usage, ExceptedChildrenDoNotCount) {
    obedient const other(wait_often);
    proc::usage_reader const reader(::getpid(), std::vector<pid_t>{other.pid()});
    auto const used = while_it(reader, [&] { other.act(); });
    ASSERT_TRUE(used.voluntary_switches);
    EXPECT_LT(*used.voluntary_switches, waits / 2u);
}

TEST(Usage, ALivingChildCountsAndWhatEndedInItIsUnknown) {
    obedient const waiting(wait_often);
    obedient const with_threads([] {
        std::thread([] {
            auto const until = std::chrono::steady_clock::now() + 20ms;
            while (std::chrono::steady_clock::now() < until) {
            }
        }).join();
    });
    {
        proc::usage_reader const reader(::getpid(), std::vector<pid_t>{with_threads.pid()});
        expect_about(while_it(reader, [&] { waiting.act(); }).voluntary_switches, waits);
    }
    proc::usage_reader const reader(::getpid(), std::vector<pid_t>{waiting.pid()});
    auto const used = while_it(reader, [&] { with_threads.act(); });
    EXPECT_FALSE(used.voluntary_switches);
    EXPECT_FALSE(used.involuntary_switches);
    EXPECT_FALSE(used.run_delay_ns);
    EXPECT_GT(used.cpu_ns, 0u);
}

TEST(Usage, AServerAccountsForItsEndedThreads) {
    proc::account_giver const giver; // the child inherits page and handler
    ASSERT_NE(giver.fd(), -1);
    obedient const server([] { std::thread(wait_often).join(); });
    server.act();
    proc::account_asker const asker(giver.fd(), server.pid());
    proc::usage_reader const reader(server.pid(), {}, [&] { return asker.ask(); });
    expect_about(while_it(reader, [&] { server.act(); }).voluntary_switches, waits);
}

TEST(Usage, AServerThatDoesNotAnswerIsNoGuess) {
    proc::account_giver const giver;
    obedient const server([] { std::thread(wait_often).join(); });
    proc::account_asker const asker(giver.fd(), server.pid());
    auto answers = true;
    proc::usage_reader const reader(server.pid(), {}, [&]() -> std::optional<proc::account> {
        if (!answers) return {};
        return asker.ask();
    });
    auto const used = while_it(reader, [&] {
        server.act();
        answers = false;
    });
    EXPECT_FALSE(used.voluntary_switches);
}

TEST(Usage, ThreadsThatWorkedAreCountedAndNotThoseThatWaited) {
    proc::usage before;
    before.threads = {{1, {.cpu_ns = 1'000}}, {2, {.cpu_ns = 500}}, {3, {.cpu_ns = 70}}};
    proc::usage after;
    after.threads = {{1, {.cpu_ns = 2'000}},
                     {2, {.cpu_ns = 600}},
                     {3, {.cpu_ns = 169}},
                     {4, {.cpu_ns = 900}},
                     {5, {.cpu_ns = 0}}};
    after.cpu_ns = 1'000 + 100 + 99 + 900;
    auto const used = proc::usage_between(before, after);
    EXPECT_EQ(used.working_threads, 3u) << "a tenth of the busiest is work, less is not";
    after.cpu_ns += 5'000;
    EXPECT_FALSE(proc::usage_between(before, after).working_threads) << "some have ended";
    EXPECT_EQ(proc::usage_between({}, {}).working_threads, 0u);
}

TEST(Account, AStoppedProcessGivesNone) {
    proc::account_giver const giver;
    obedient const server([] {});
    server.act();
    proc::account_asker const asker(giver.fd(), server.pid());
    ASSERT_TRUE(asker.ask());
    ::kill(server.pid(), SIGSTOP);
    EXPECT_FALSE(asker.ask());
    ::kill(server.pid(), SIGCONT);
}

TEST(Account, ProcessesThatHaveGoneGiveNone) {
    proc::account_giver const giver;
    auto const child = ::fork();
    if (child == 0) ::_exit(0);
    wait_for(child);
    EXPECT_FALSE(proc::account_asker(giver.fd(), child).ask());
}

TEST(Memory, OfAProcessThatHasGoneIsUnknown) {
    auto const child = ::fork();
    if (child == 0) ::_exit(0);
    wait_for(child);
    EXPECT_FALSE(proc::memory_of(child).rss_bytes);
    EXPECT_FALSE(proc::memory_of(child).peak_rss_bytes);
}

TEST(Memory, APeakStays) {
    auto const before = proc::memory_of(::getpid());
    ASSERT_TRUE(before.peak_rss_bytes);
    constexpr std::size_t bytes = 64 << 20;
    auto* const block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(block, MAP_FAILED);
    ::munmap(block, bytes);
    auto const after = proc::memory_of(::getpid());
    EXPECT_GE(*after.peak_rss_bytes, bytes);
    EXPECT_LT(*after.rss_bytes, bytes);
}

TEST(Machine, CpusThatAreNotThereAreUnknown) {
    EXPECT_TRUE(proc::read_cpu_times(proc::cpus_of(0)));
    EXPECT_FALSE(proc::read_cpu_times({1 << 19}));
}

TEST(Machine, SharesOfALongTime) {
    proc::cpu_times const before{.at_ns = 0, .running = 100, .stolen = 10};
    proc::cpu_times const after{.at_ns = 1'000'000'000, .running = 200, .stolen = 30};
    auto const tick_ns = 1e9 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    auto const shares = proc::taken_between(before, after, 2, 100'000'000);
    EXPECT_DOUBLE_EQ(shares.stolen.value(), 20 * tick_ns / 2e9);
    EXPECT_DOUBLE_EQ(shares.by_foreign_programs.value(), (100 * tick_ns - 1e8) / 2e9);
    EXPECT_FALSE(proc::taken_between(before, after, 2, {}).by_foreign_programs);
}

TEST(Machine, OfAShortTimeNothingIsKnown) {
    proc::cpu_times const before{.at_ns = 0, .running = 100, .stolen = 10};
    proc::cpu_times const after{.at_ns = 50'000'000, .running = 101, .stolen = 10};
    EXPECT_FALSE(proc::taken_between(before, after, 1, 0).stolen);
    EXPECT_FALSE(proc::taken_between({}, after, 1, 0).stolen);
}

} // namespace
