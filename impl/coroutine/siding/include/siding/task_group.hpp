// SPDX-License-Identifier: MIT
#pragma once

#include "siding/awaitable.hpp"
#include "siding/event.hpp"
#include "siding/task.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace siding {

/// asyncio.TaskGroup: tasks that do not outlive a piece of code. The first that fails cancels the
/// others and the body; when all have ended, their errors are thrown as one exception_group.
class task_group {
public:
    task_group() = default;
    task_group(task_group const&) = delete;
    task_group& operator=(task_group const&) = delete;
    /// Tasks that nobody has waited for run on.
    ~task_group();

    /// Throws runtime_error when the group has ended or is shutting down.
    template <class T>
    task<T> create_task(coroutine<T> body, std::string_view name = {}) {
        expect_open();
        auto created = loop::running().create_task(std::move(body), name);
        add(created);
        return created;
    }

    /// async with TaskGroup() as group: runs `body(group)`, a coroutine function, in this task,
    /// then waits for the tasks of the group. `body` lives until the group has ended.
    template <std::invocable<task_group&> F>
    [[nodiscard]] static std::invoke_result_t<F&, task_group&> run(F body) {
        task_group group;
        group.enter();
        auto piece = body(group);
        std::exception_ptr error;
        using value = await_result<decltype(piece)>;
        if constexpr (std::is_void_v<value>) {
            try {
                co_await std::move(piece);
            } catch (...) {
                error = std::current_exception();
            }
            co_await group.exit(std::move(error));
        } else {
            std::optional<value> result;
            try {
                result.emplace(co_await std::move(piece));
            } catch (...) {
                error = std::current_exception();
            }
            co_await group.exit(std::move(error));
            co_return std::move(*result);
        }
    }

    // What `run` does around the body; for those who write such functions themselves.
    void enter();
    /// `error`: what the body threw. Waits for all, and throws what the group does.
    [[nodiscard]] coroutine<> exit(std::exception_ptr error);

private:
    void expect_open() const;
    /// A task of the group, known to both: it waits for the task's end, as a done callback would.
    struct member;

    void add(any_task created);
    void on_done(member& gone) noexcept;
    void forget(member& gone) noexcept;
    void abort();

    bool entered_ = false;
    bool exiting_ = false;
    bool aborting_ = false;
    bool cancelled_parent_ = false;
    detail::task_core* parent_ = nullptr; ///< not counted: we are in its frame
    member* first_ = nullptr;
    member* last_ = nullptr;
    std::size_t count_ = 0;
    std::vector<std::exception_ptr> errors_;
    event all_done_; ///< waiting for it takes no memory: the tasks' callbacks need the group
};

} // namespace siding
