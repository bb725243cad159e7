// SPDX-License-Identifier: MIT
#pragma once

#include "explorer/explorer.hpp"

#include <atomic>
#include <bit>
#include <cstring>
#include <type_traits>

namespace explorer {

/// What is taken away from the atomics, to see that the explorer finds it.
enum class mutation { none, no_light_fence, no_heavy_fence, weak_heavy_fence, split_modify };

/// The policy that stands for std::atomic and the fences in `siding::detail::fork_join`.
template <mutation Mutation = mutation::none>
struct atomics {
    template <class T>
    class atomic {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);

    public:
        atomic() noexcept = default;
        atomic(T value) noexcept { cell_.value = encode(value); } // NOLINT: as std::atomic
        atomic(atomic const&) = delete;
        atomic& operator=(atomic const&) = delete;

        [[nodiscard]] T load(std::memory_order = std::memory_order_seq_cst) const {
            return decode(explorer::load(cell_));
        }
        /// Every store is at most a release here; the tests of what needs more use
        /// read-modify-write.
        void store(T value, std::memory_order = std::memory_order_seq_cst) {
            explorer::store(cell_, encode(value));
        }
        T exchange(T value, std::memory_order) {
            return change([&](T) { return value; });
        }
        T fetch_or(T value, std::memory_order) {
            return change([&](T now) { return now | value; });
        }
        T fetch_and(T value, std::memory_order) {
            return change([&](T now) { return now & value; });
        }
        bool compare_exchange_strong(T& expected, T desired, std::memory_order, std::memory_order) {
            if constexpr (Mutation == mutation::split_modify) {
                if (auto const now = load(); now != expected) {
                    expected = now;
                    return false;
                }
                store(desired);
                return true;
            }
            auto const wanted = encode(expected);
            auto const before = explorer::modify(cell_, [&](std::uint64_t& value) {
                if (value != wanted) return false;
                value = encode(desired);
                return true;
            });
            expected = decode(before);
            return before == wanted;
        }

    private:
        friend struct atomics;

        static std::uint64_t encode(T value) noexcept {
            std::uint64_t bits = 0;
            std::memcpy(&bits, &value, sizeof value);
            return bits;
        }
        static T decode(std::uint64_t bits) noexcept {
            T value;
            std::memcpy(&value, &bits, sizeof value);
            return value;
        }
        template <class F>
        T change(F const& to) {
            if constexpr (Mutation == mutation::split_modify) {
                auto const now = load();
                store(to(now));
                return now;
            }
            return decode(explorer::modify(cell_, [&](std::uint64_t& bits) {
                bits = encode(to(decode(bits)));
                return true;
            }));
        }

        memory_cell cell_;
    };

    static void light_fence() {
        if constexpr (Mutation != mutation::no_light_fence) compiler_fence();
    }
    static void heavy_fence() {
        if constexpr (Mutation == mutation::no_heavy_fence) return;
        if constexpr (Mutation == mutation::weak_heavy_fence) {
            // A fence of this thread alone, as if the other side had one of its own.
            memory_cell mine;
            modify(mine, [](std::uint64_t&) { return false; });
            return;
        }
        barrier_of_all();
    }
    static void wait(atomic<std::uint32_t>& word, std::uint32_t value) {
        explorer::wait(word.cell_, value);
    }
    static void wake(atomic<std::uint32_t>& word) { explorer::wake_one(word.cell_); }
};

} // namespace explorer
