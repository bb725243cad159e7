// SPDX-License-Identifier: MIT
#include "contract/check.hpp"
#include "contract/model.hpp"
#include "contract/workloads/noop.hpp"
#include "contract/workloads/spin.hpp"
#include "kernel/frames.hpp"
#include "kernel/hash.hpp"
#include "kernel/random.hpp"
#include "kernel/spin.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <set>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace contract;

struct empty_session final : session<noop> {
    noop::outcome run(probe&) override { return {.calls = 1}; }
};

std::unique_ptr<session<noop>> make_noop(noop::params const&, noop::environment const&) {
    return std::make_unique<empty_session>();
}

TEST(cell, gives_back_the_maker_of_its_own_workload_only) {
    auto const supported = supports<noop>(make_noop, {.variant = "plain"});
    EXPECT_EQ(supported.workload, "noop");
    EXPECT_EQ(supported.about.variant, "plain");
    EXPECT_TRUE(supported.declined_because.empty());
    ASSERT_EQ(maker_of<noop>(supported), &make_noop);
    EXPECT_EQ(maker_of<spin>(supported), nullptr);
    probe unused;
    EXPECT_EQ(maker_of<noop>(supported)({}, {})->run(unused).calls, 1u);
}

TEST(cell, that_is_declined_has_a_reason_and_no_maker) {
    auto const refused = declined("noop", "too much to ask");
    EXPECT_EQ(refused.declined_because, "too much to ask");
    EXPECT_EQ(maker_of<noop>(refused), nullptr);
}

TEST(probe, notes_begin_before_end_and_ignores_indices_beyond_its_slots) {
    std::array<latency_slot, 2> slots{};
    probe noted(slots);
    noted.begin(1);
    noted.end(1);
    noted.begin(2);
    noted.end(~std::uint64_t{0});
    EXPECT_EQ(slots[0].begin_ns, 0u);
    EXPECT_GT(slots[1].begin_ns, 0u);
    EXPECT_GE(slots[1].end_ns, slots[1].begin_ns);
    probe().begin(0);
}

TEST(probe, records_from_a_forked_child) {
    auto* const memory = ::mmap(nullptr, sizeof(latency_slot), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    auto* const slot = static_cast<latency_slot*>(memory);
    probe noted({slot, 1});
    noted.begin(0);
    if (auto const child = ::fork(); child == 0) {
        noted.end(0);
        ::_exit(0);
    } else {
        ::waitpid(child, nullptr, 0);
    }
    EXPECT_GE(slot->end_ns, slot->begin_ns);
    EXPECT_GT(slot->begin_ns, 0u);
    ::munmap(memory, sizeof(latency_slot));
}

TEST(bench_check, is_on_in_every_build_and_names_the_condition) {
    BENCH_CHECK(1 + 1 == 2);
    try {
        BENCH_CHECK(1 + 1 == 3);
        FAIL() << "the check did nothing";
    } catch (check_failed const& e) {
        EXPECT_NE(std::string(e.what()).find("1 + 1 == 3"), std::string::npos) << e.what();
        EXPECT_NE(std::string(e.what()).find("contract_test.cpp"), std::string::npos);
    }
}

TEST(kernel, mixes_without_collisions_in_a_small_range) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        seen.insert(kernel::mix(i));
    }
    EXPECT_EQ(seen.size(), 100'000u);
}

TEST(kernel, draws_waits_from_the_closed_range_in_either_order) {
    auto least = ~std::uint64_t{0};
    std::uint64_t most = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        auto const wait = kernel::wait_ns(1, i, 1, 2);
        EXPECT_EQ(wait, kernel::wait_ns(1, i, 2, 1));
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    EXPECT_GE(least, 1'000u);
    EXPECT_LE(most, 2'000u);
    EXPECT_LT(least, 1'010u);
    EXPECT_GT(most, 1'990u);
    EXPECT_EQ(kernel::wait_ns(7, 3, 5, 5), 5'000u);
}

TEST(kernel, gives_payloads_of_which_shorter_ones_are_prefixes) {
    std::vector<std::byte> longer(100);
    kernel::payload(5, 6, longer);
    for (std::size_t bytes = 0; bytes <= longer.size(); ++bytes) {
        std::vector<std::byte> shorter(bytes);
        kernel::payload(5, 6, shorter);
        EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin())) << bytes;
    }
    std::vector<std::byte> other(100);
    kernel::payload(5, 7, other);
    EXPECT_NE(other, longer);
}

TEST(kernel, cuts_a_stream_into_messages_however_it_is_dealt_out) {
    std::vector<std::byte> stream(7 * 24);
    kernel::payload(1, 2, stream);
    for (std::size_t piece = 1; piece <= 14; ++piece) {
        kernel::frames frames(7);
        std::vector<std::byte> cut;
        for (std::size_t position = 0; position < stream.size();) {
            auto const room = frames.room();
            ASSERT_GT(room.size(), 7u - cut.size() % 7) << "room to spare";
            auto const bytes = std::min({piece, room.size(), stream.size() - position});
            std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(position), bytes,
                        room.begin());
            frames.received(bytes);
            position += bytes;
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                ASSERT_EQ(message.size(), 7u);
                cut.insert(cut.end(), message.begin(), message.end());
            }
            ASSERT_EQ(cut.size(), position / 7 * 7);
        }
        EXPECT_EQ(cut, stream) << piece;
    }
}

TEST(kernel, burns_cpu_time_of_its_own_thread) {
    auto const used = [] {
        timespec now{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    auto const before = used();
    kernel::burn(std::chrono::milliseconds(5));
    EXPECT_GE(used() - before, std::chrono::milliseconds(5));
}

TEST(kernel, hash_sees_every_bit_the_length_and_the_index) {
    for (std::size_t const bytes : {1u, 7u, 8u, 9u, 64u}) {
        std::vector<std::byte> data(bytes);
        auto const before = kernel::hash(0, data);
        EXPECT_NE(before, kernel::hash(1, data));
        for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
            auto changed = data;
            changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            EXPECT_NE(before, kernel::hash(0, changed)) << bytes << " bytes, bit " << bit;
        }
        data.push_back(std::byte{0});
        EXPECT_NE(before, kernel::hash(0, data));
    }
}

} // namespace
