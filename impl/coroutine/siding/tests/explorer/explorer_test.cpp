// SPDX-License-Identifier: MIT
// First that the explorer finds what is known to happen on an x86 and nothing else, then the
// lock-free parts of the pool in all interleavings, and then without each of their fences.
#include "explorer/atomics.hpp"
#include "siding/par/deque.hpp"
#include "siding/par/sleepers.hpp"

#include <array>
#include <deque>
#include <gtest/gtest.h>
#include <random>

namespace {

using explorer::atomics;
using explorer::explore;
using explorer::mutation;

template <class Program>
explorer::findings explored(explorer::limits const& within = {}) {
    return explore([] { return std::make_unique<Program>(); }, within);
}

/// Both threads store and then read what the other stores: on an x86 both may read 0, unless ...
enum class between { nothing, modify, light_and_heavy, light_twice };

template <between Between>
struct store_buffering final : explorer::program {
    using memory = atomics<>;
    memory::atomic<int> x = 0, y = 0, z = 0;
    int first = -1, second = -1;

    std::vector<std::function<void()>> threads() override {
        return {[this] {
                    x.store(1);
                    if constexpr (Between == between::modify) z.exchange(1, {});
                    if constexpr (Between >= between::light_and_heavy) memory::light_fence();
                    first = y.load();
                },
                [this] {
                    y.store(1);
                    if constexpr (Between == between::modify) z.exchange(1, {});
                    if constexpr (Between == between::light_and_heavy) memory::heavy_fence();
                    if constexpr (Between == between::light_twice) memory::light_fence();
                    second = x.load();
                }};
    }
    std::string verdict() override { return first == 0 && second == 0 ? "both read 0" : ""; }
};

TEST(explorer, finds_that_stores_are_buffered) {
    EXPECT_EQ(explored<store_buffering<between::nothing>>().failure, "both read 0");
    EXPECT_EQ(explored<store_buffering<between::light_twice>>().failure, "both read 0");
    for (auto const& found : {explored<store_buffering<between::modify>>(),
                              explored<store_buffering<between::light_and_heavy>>()}) {
        EXPECT_EQ(found.failure, "");
        EXPECT_TRUE(found.complete);
        EXPECT_GT(found.executions, 10u);
    }
}

/// Stores of one thread are seen in their order.
struct message_passing final : explorer::program {
    atomics<>::atomic<int> data = 0, flag = 0;
    int seen_flag = 0, seen_data = 0;
    std::vector<std::function<void()>> threads() override {
        return {[this] {
                    data.store(1);
                    flag.store(1);
                },
                [this] {
                    seen_flag = flag.load();
                    seen_data = data.load();
                }};
    }
    std::string verdict() override { return seen_flag == 1 && seen_data == 0 ? "reordered" : ""; }
};

TEST(explorer, keeps_the_stores_of_a_thread_in_order) {
    auto const found = explored<message_passing>();
    EXPECT_EQ(found.failure, "");
    EXPECT_TRUE(found.complete);
}

/// The owner pushes and pops, thieves steal: each item is taken once, none is left.
template <mutation Mutation, unsigned Thieves, unsigned Items, unsigned Capacity,
          unsigned MostShared = 16>
struct theft : explorer::program {
    using deque_type = siding::detail::fork_join::work_deque<atomics<Mutation>, MostShared>;

    deque_type deque{Capacity};
    std::array<unsigned, Items> numbers{};
    std::array<unsigned, Items> taken{};

    void take(void* item) {
        ++taken[static_cast<std::size_t>(static_cast<unsigned*>(item) - numbers.data())];
    }
    /// Newest first, until all that are left have been stolen.
    void pop_from(unsigned newest) {
        for (auto i = newest; i-- > 0 && deque.pop();) {
            take(&numbers[i]);
        }
    }
    virtual void own() {
        for (auto& each : numbers) {
            deque.push(&each);
        }
        pop_from(Items);
    }

    std::vector<std::function<void()>> threads() override {
        std::vector<std::function<void()>> all;
        all.emplace_back([this] { own(); });
        for (unsigned thief = 0; thief < Thieves; ++thief) {
            all.emplace_back([this] {
                for (auto tries = 0; tries < 2; ++tries) {
                    if (auto* const stolen = deque.steal()) take(stolen);
                }
            });
        }
        return all;
    }
    std::string verdict() override {
        for (auto const times : taken) {
            if (times > 1) return "an item was taken twice";
            if (times < 1) return "an item was lost";
        }
        return "";
    }
};

/// The same where the owner takes back what it has shared, and shares again: places in the ring are
/// written more than once.
template <mutation Mutation, unsigned Thieves>
struct theft_of_what_was_taken_back final : theft<Mutation, Thieves, 3, 4, 1> {
    void own() override {
        push(0);
        push(1);
        if (pop(1)) pop(0);
        push(2);
        pop(2);
    }
    void push(unsigned i) { this->deque.push(&this->numbers[i]); }
    bool pop(unsigned i) {
        bool const is_there = this->deque.pop();
        if (is_there) this->take(&this->numbers[i]);
        return is_there;
    }
};

template <class Program>
void expect_correct(explorer::limits const& within = {}) {
    auto const found = explored<Program>(within);
    EXPECT_EQ(found.failure, "");
    EXPECT_TRUE(found.complete) << found.executions << " were not all";
    EXPECT_GT(found.executions, 100u);
    testing::Test::RecordProperty("executions", std::to_string(found.executions));
}

TEST(work_deque, gives_each_item_once) {
    expect_correct<theft<mutation::none, 1, 1, 4>>({.preemptions = 5});
    expect_correct<theft<mutation::none, 1, 2, 4>>({.preemptions = 4});
    expect_correct<theft<mutation::none, 2, 1, 4>>({.preemptions = 3});
    expect_correct<theft<mutation::none, 2, 2, 4>>({.preemptions = 2});
}

TEST(work_deque, gives_each_item_once_when_it_grows) {
    expect_correct<theft<mutation::none, 1, 3, 1>>({.preemptions = 3});
}

TEST(work_deque, gives_each_item_once_when_few_are_shared) {
    expect_correct<theft<mutation::none, 1, 3, 4, 1>>({.preemptions = 4});
    expect_correct<theft<mutation::none, 2, 4, 4, 2>>({.preemptions = 2});
}

TEST(work_deque, gives_each_item_once_when_some_were_taken_back) {
    expect_correct<theft_of_what_was_taken_back<mutation::none, 1>>({.preemptions = 4});
    expect_correct<theft_of_what_was_taken_back<mutation::none, 2>>({.preemptions = 2});
}

/// One thread, many steps, against a queue of the standard library.
TEST(work_deque, gives_the_oldest_to_thieves_and_knows_whether_one_is_left) {
    std::minstd_rand random(1);
    std::array<unsigned, 40> numbers{};
    for (int run = 0; run < 2'000; ++run) {
        siding::detail::fork_join::work_deque<siding::detail::fork_join::real_atomics, 4> deque(1);
        std::deque<void*> expected;
        unsigned stolen = 0;
        for (auto& each : numbers) {
            deque.push(&each);
            expected.push_back(&each);
            for (auto steps = random() % 4; steps != 0; --steps) {
                if (random() % 3 == 0) {
                    auto* const taken = deque.steal();
                    if (taken == nullptr) continue;
                    ++stolen;
                    ASSERT_EQ(taken, expected.front());
                    expected.pop_front();
                } else {
                    ASSERT_EQ(deque.pop(), !expected.empty());
                    if (!expected.empty()) expected.pop_back();
                }
            }
        }
        EXPECT_GT(stolen, 0u);
    }
}

TEST(work_deque, needs_an_atomic_exchange) {
    EXPECT_EQ((explored<theft<mutation::split_modify, 1, 1, 4>>().failure),
              "an item was taken twice");
    EXPECT_EQ((explored<theft<mutation::split_modify, 2, 1, 4>>().failure),
              "an item was taken twice");
}

/// One makes work twice, two workers take one piece each, and sleep while there is none.
template <mutation Mutation, unsigned Workers>
struct waking final : explorer::program {
    using memory = atomics<Mutation>;
    using flag = typename memory::template atomic<std::uint32_t>;

    siding::detail::fork_join::sleepers<memory> idle;
    std::array<flag, Workers> work{};

    std::vector<std::function<void()>> threads() override {
        std::vector<std::function<void()>> all;
        all.emplace_back([this] {
            for (auto& each : work) {
                each.store(1, std::memory_order_release); // as a push does
                idle.work_was_made();
            }
        });
        for (unsigned worker = 0; worker < Workers; ++worker) {
            all.emplace_back([this, worker] {
                while (!takes_one()) {
                    idle.sleep(worker, [this] { return has_work(); });
                }
            });
        }
        return all;
    }
    bool takes_one() {
        for (auto& each : work) {
            std::uint32_t made = 1;
            if (each.load() == 1 && each.compare_exchange_strong(made, 2, {}, {})) return true;
        }
        return false;
    }
    bool has_work() {
        for (auto const& each : work) {
            if (each.load() == 1) return true;
        }
        return false;
    }
    std::string verdict() override { return ""; }
};

TEST(sleepers, lose_no_wake_up) {
    expect_correct<waking<mutation::none, 1>>({.preemptions = 5});
    expect_correct<waking<mutation::none, 2>>({.preemptions = 2});
}

TEST(sleepers, need_their_light_fence) {
    EXPECT_EQ((explored<waking<mutation::no_light_fence, 1>>().failure), "sleeps for ever");
}

TEST(sleepers, need_their_heavy_fence) {
    EXPECT_EQ((explored<waking<mutation::no_heavy_fence, 1>>().failure), "sleeps for ever");
    EXPECT_EQ((explored<waking<mutation::weak_heavy_fence, 1>>().failure), "sleeps for ever");
}

TEST(sleepers, need_to_claim_a_sleeper_atomically) {
    EXPECT_EQ((explored<waking<mutation::split_modify, 2>>().failure), "sleeps for ever");
}

} // namespace
