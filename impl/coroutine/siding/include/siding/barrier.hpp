// SPDX-License-Identifier: MIT
#pragma once

#include "siding/condition.hpp"

#include <cstddef>

namespace siding {

/// asyncio.Barrier: a number of tasks wait for each other, again and again.
class barrier : public detail::mortal {
public:
    /// Throws value_error for 0.
    explicit barrier(std::size_t parties);

    /// Returns a number from 0 to parties - 1, another for each. Throws broken_barrier_error when
    /// the barrier is aborted or reset meanwhile.
    [[nodiscard]] coroutine<std::size_t> wait();
    /// Sends all who wait away with broken_barrier_error; it can then be used again.
    [[nodiscard]] coroutine<> reset();
    /// The same, and it stays broken.
    [[nodiscard]] coroutine<> abort();

    [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
    [[nodiscard]] std::size_t n_waiting() const noexcept {
        return state_ == state::filling ? count_ : 0;
    }
    [[nodiscard]] bool broken() const noexcept { return state_ == state::broken; }

private:
    enum class state { filling, draining, resetting, broken };

    void leave();

    condition changed_;
    std::size_t parties_;
    state state_ = state::filling;
    std::size_t count_ = 0;
};

} // namespace siding
