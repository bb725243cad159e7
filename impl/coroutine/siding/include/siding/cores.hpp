// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/loop.hpp"
#include "siding/spawn_on.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace siding {

struct cores_options {
    /// Makes the backend of each loop; nullptr: epoll.
    backend_factory backend = nullptr;
    /// Each thread stays on a CPU of its own, if there are enough for all.
    bool pin = true;
};

/// On how many CPUs this thread may run.
[[nodiscard]] std::size_t available_cores() noexcept;

namespace detail {
class core_group;
}

/// The place of a main coroutine among those that `run_on_cores` runs. A handle; thread-safe.
class core {
public:
    explicit core(std::shared_ptr<detail::core_group> of, std::size_t index) noexcept
        : of_(std::move(of)), index_(index) {}

    /// 0 to count() - 1; 0 runs in the thread that called run_on_cores.
    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    [[nodiscard]] std::size_t count() const noexcept;
    /// The loop of a core, for spawn_on and call_soon_threadsafe. It runs as long as one of the
    /// main coroutines does. Throws std::out_of_range, and runtime_error once all have ended.
    [[nodiscard]] loop& loop_of(std::size_t index) const;
    /// Cancels all main coroutines, each in its own thread; run_on_cores does not report that.
    /// Does nothing the second time.
    void stop() const;

private:
    std::shared_ptr<detail::core_group> of_;
    std::size_t index_;
};

namespace detail {

void run_on_cores(std::size_t count, std::function<coroutine<>(core)> const& main,
                  cores_options const& options);

template <class F>
using core_value = typename std::invoke_result_t<F&, core>::value_type;

template <class T>
using core_values = std::conditional_t<std::is_void_v<T>, void, std::vector<T>>;

} // namespace detail

/// Runs `f(core)`, a coroutine function, on `count` loops at the same time, each in a thread of its
/// own; 0: as many as there are CPUs for us. Nothing of it runs before all loops exist. Returns
/// when all have ended, with the values in the order of the cores (none of those that were
/// stopped). The loops serve spawn_on until the last main coroutine has ended; then all tasks that
/// are left are cancelled and awaited, as by `run`.
///
/// The first exception of a main coroutine cancels the others, and is thrown when all have ended.
/// SIGINT cancels all, and is keyboard_interrupt, as in `run`. `f` is called in several threads, so
/// what it shares must be thread-safe. Throws runtime_error in a running loop, std::system_error if
/// a thread or loop cannot be made; then `f` was not called.
template <std::invocable<core> F>
detail::core_values<detail::core_value<F>> run_on_cores(std::size_t count, F f,
                                                        cores_options options = {}) {
    using value = detail::core_value<F>;
    if (count == 0) count = available_cores();
    if constexpr (std::is_void_v<value>) {
        detail::run_on_cores(
            count, [&f](core home) -> coroutine<> { return f(std::move(home)); }, options);
    } else {
        std::vector<std::optional<value>> results(count);
        auto const main = [&](core home) -> coroutine<> {
            auto const index = home.index();
            auto body = f(std::move(home));
            results[index].emplace(co_await std::move(body));
        };
        detail::run_on_cores(count, main, options);
        std::vector<value> all;
        all.reserve(count);
        for (auto& each : results) {
            if (each) all.push_back(std::move(*each));
        }
        return all;
    }
}

} // namespace siding
