// SPDX-License-Identifier: MIT
#pragma once

#include "siding/context.hpp"
#include "siding/task.hpp"
#include "siding/task_group.hpp"

#include <optional>
#include <string>
#include <utility>

namespace siding {

/// What asyncio's create_task takes besides the coroutine:
/// `create_task(f(), task_options().named("f").eager())`. No aggregate, because g++ 12.2 destroys a
/// temporary one twice in the full expression of a co_await. Source: CPython 3.13, asyncio.Task.
class task_options {
public:
    task_options() noexcept {}

    task_options named(std::string name) && {
        name_ = std::move(name);
        return std::move(*this);
    }
    /// context=: the values that the task's context variables begin with, instead of a copy of the
    /// creator's. (asyncio lets the task write to the object that was given; here it has a copy.)
    task_options within(context values) && {
        context_ = std::move(values);
        return std::move(*this);
    }
    /// eager_start=True: the body runs at once, inside of create_task, until it first suspends; one
    /// that never does is done when create_task returns, without a trip through the loop.
    task_options eager() && {
        is_eager_ = true;
        return std::move(*this);
    }

    // -- For awaiters
    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] std::optional<context>& values() noexcept { return context_; }
    [[nodiscard]] bool is_eager() const noexcept { return is_eager_; }

private:
    std::string name_;
    std::optional<context> context_;
    bool is_eager_ = false;
};

/// asyncio.create_task with its other arguments. Throws as create_task does; what an eager body
/// throws is the task's.
template <class T>
task<T> create_task(coroutine<T> body, task_options options) {
    auto& home = loop::running();
    auto const make = [&] { return home.create_task(std::move(body), options.name()); };
    auto made = options.values() ? options.values()->run(make) : make();
    if (options.is_eager()) {
        detail::core_of(home).start_eagerly(*static_cast<promise<T>*>(made.core()));
    }
    return made;
}

/// loop.call_soon(f, context=values): the call begins with these values.
template <class F>
handle call_soon(F&& f, context values) {
    auto& home = loop::running();
    return values.run([&] { return home.call_soon(std::forward<F>(f)); });
}

/// TaskGroup.create_task with a context.
template <class T>
task<T> create_task(task_group& in, coroutine<T> body, std::string_view name, context values) {
    return values.run([&] { return in.create_task(std::move(body), name); });
}

} // namespace siding
