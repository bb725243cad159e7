// SPDX-License-Identifier: MIT
#include "cell/counts.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

/// The compiler must not find out that nobody uses the memory.
void* volatile kept = nullptr;

count::snapshot during(auto&& body) {
    auto const before = cell::read_counts();
    body();
    auto const after = cell::read_counts();
    EXPECT_TRUE(before && after);
    if (!before || !after) return {};
    return {.allocations = after->allocations - before->allocations,
            .bytes = after->bytes - before->bytes,
            .system_calls = after->system_calls - before->system_calls,
            .traced = after->traced};
}

TEST(absent, without_the_counter_a_sample_says_null) {
    EXPECT_FALSE(cell::read_counts());
    auto const fields = cell::counted_between({}, {});
    EXPECT_TRUE(fields.at("allocations").is_null());
    EXPECT_TRUE(fields.at("allocated_bytes").is_null());
    EXPECT_TRUE(fields.at("system_calls").is_null());
}

TEST(absent, the_fields_are_differences) {
    auto const fields =
        cell::counted_between(count::snapshot{3, 100, 7, true}, count::snapshot{5, 164, 8, true});
    EXPECT_EQ(fields.at("allocations"), 2);
    EXPECT_EQ(fields.at("allocated_bytes"), 64);
    EXPECT_EQ(fields.at("system_calls"), 1);
}

TEST(absent, without_a_tracer_there_are_no_system_calls_and_not_none) {
    EXPECT_TRUE(
        cell::counted_between(count::snapshot{}, count::snapshot{}).at("system_calls").is_null());
}

TEST(preloaded, nothing_allocated_is_nothing_counted) {
    auto const found = during([] {});
    EXPECT_EQ(found.allocations, 0u);
    EXPECT_EQ(found.bytes, 0u);
}

TEST(preloaded, every_way_to_allocate_is_counted_once) {
    auto const one = [](auto&& body) {
        auto const found = during([&] {
            kept = body();
            std::free(kept);
        });
        EXPECT_EQ(found.allocations, 1u);
        EXPECT_EQ(found.bytes, 128u);
    };
    one([] { return std::malloc(128); });
    one([] { return std::calloc(16, 8); });
    one([] { return std::realloc(nullptr, 128); });
    one([] { return std::aligned_alloc(64, 128); });
    one([]() -> void* {
        void* made = nullptr;
        return ::posix_memalign(&made, 64, 128) == 0 ? made : nullptr;
    });
    auto const made_by_new = during([] {
        auto const made = std::make_unique<char[]>(128);
        kept = made.get();
    });
    EXPECT_EQ(made_by_new.allocations, 1u);
    EXPECT_EQ(made_by_new.bytes, 128u);
}

TEST(preloaded, threads_and_forked_children_count_into_the_same_sum) {
    auto const from_a_thread =
        during([] { std::thread([] { std::free(std::malloc(1)); }).join(); });
    EXPECT_GE(from_a_thread.allocations, 2u); // and the thread itself
    auto const from_a_child = during([] {
        auto const child = ::fork();
        if (child == 0) {
            kept = std::malloc(1'000);
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
    });
    EXPECT_EQ(from_a_child.allocations, 1u);
    EXPECT_EQ(from_a_child.bytes, 1'000u);
}

constexpr std::uint64_t many = 1'000;

/// Makes one system call each, and nothing that the C library could answer by itself.
void call_often() {
    for (std::uint64_t i = 0; i < many; ++i)
        ::syscall(SYS_getppid);
}

TEST(preloaded, without_a_tracer_no_system_call_is_counted) {
    auto const found = during(call_often);
    EXPECT_EQ(found.system_calls, 0u);
    EXPECT_FALSE(found.traced);
}

TEST(traced, every_system_call_is_counted_once_and_nothing_else) {
    EXPECT_EQ(during([] {}).system_calls, 0u);
    auto const found = during(call_often);
    EXPECT_TRUE(found.traced);
    EXPECT_EQ(found.system_calls, many);
}

TEST(traced, allocations_are_counted_as_without_it) {
    auto const found = during([] {
        kept = std::malloc(128);
        std::free(kept);
    });
    EXPECT_EQ(found.allocations, 1u);
    EXPECT_EQ(found.bytes, 128u);
}

TEST(traced, threads_and_forked_children_count_into_the_same_sum) {
    auto const around = during([] { std::thread([] {}).join(); }).system_calls;
    auto const found = during([] { std::thread(call_often).join(); }).system_calls;
    EXPECT_GE(found, many + 1);
    EXPECT_LE(found, many + around + 10); // a join may wait, or not
    auto const child = [](auto&& body) {
        return during([&] {
                   auto const forked = ::fork();
                   if (forked == 0) {
                       body();
                       ::_exit(0);
                   }
                   int status = 0;
                   ::waitpid(forked, &status, 0);
               })
            .system_calls;
    };
    auto const idle = child([] {});
    EXPECT_EQ(child(call_often), many + idle);
}

TEST(traced, a_child_that_becomes_another_program_is_let_go) {
    auto const found = during([] {
        auto const child = ::fork();
        if (child == 0) {
            ::execl("/bin/sh", "sh", "-c",
                    "i=0; while [ $i -lt 99 ]; do i=$((i+1)); kill -0 $$; done", nullptr);
            ::_exit(1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    });
    EXPECT_LT(found.system_calls, 30u); // the fork, what lies before the exec, the wait
    EXPECT_EQ(found.allocations, 0u);   // the other program has a page of its own
}

TEST(traced, a_signal_reaches_its_handler) {
    static std::atomic<int> caught;
    ::signal(SIGUSR1, [](int) { ++caught; });
    ::raise(SIGUSR1);
    ::signal(SIGUSR1, SIG_DFL);
    EXPECT_EQ(caught, 1);
}

} // namespace
