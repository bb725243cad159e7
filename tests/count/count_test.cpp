// SPDX-License-Identifier: MIT
#include "cell/allocations.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

/// The compiler must not find out that nobody uses the memory.
void* volatile kept = nullptr;

cell::allocations during(auto&& body) {
    auto const before = cell::read_allocations();
    body();
    auto const after = cell::read_allocations();
    EXPECT_TRUE(before && after);
    if (!before || !after) return {};
    return {after->count - before->count, after->bytes - before->bytes};
}

TEST(absent, without_the_counter_a_sample_says_null) {
    EXPECT_FALSE(cell::read_allocations());
    auto const fields = cell::allocated_between({}, {});
    EXPECT_TRUE(fields.at("allocations").is_null());
    EXPECT_TRUE(fields.at("allocated_bytes").is_null());
}

TEST(absent, the_fields_are_differences) {
    auto const fields =
        cell::allocated_between(cell::allocations{3, 100}, cell::allocations{5, 164});
    EXPECT_EQ(fields.at("allocations"), 2);
    EXPECT_EQ(fields.at("allocated_bytes"), 64);
}

TEST(preloaded, nothing_allocated_is_nothing_counted) {
    auto const found = during([] {});
    EXPECT_EQ(found.count, 0u);
    EXPECT_EQ(found.bytes, 0u);
}

TEST(preloaded, every_way_to_allocate_is_counted_once) {
    auto const one = [](auto&& body) {
        auto const found = during([&] {
            kept = body();
            std::free(kept);
        });
        EXPECT_EQ(found.count, 1u);
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
    EXPECT_EQ(made_by_new.count, 1u);
    EXPECT_EQ(made_by_new.bytes, 128u);
}

TEST(preloaded, threads_and_forked_children_count_into_the_same_sum) {
    auto const from_a_thread =
        during([] { std::thread([] { std::free(std::malloc(1)); }).join(); });
    EXPECT_GE(from_a_thread.count, 2u); // and the thread itself
    auto const from_a_child = during([] {
        auto const child = ::fork();
        if (child == 0) {
            kept = std::malloc(1'000);
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
    });
    EXPECT_EQ(from_a_child.count, 1u);
    EXPECT_EQ(from_a_child.bytes, 1'000u);
}

} // namespace
