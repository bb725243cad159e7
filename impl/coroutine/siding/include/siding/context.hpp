// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/context.hpp"
#include "siding/errors.hpp"

#include <concepts>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace siding {

/// contextvars.ContextVar: a variable of which each task has its own value. A task starts with a
/// copy of its creator's values; what it sets is not seen by the creator, nor by its siblings.
/// Must outlive all tasks that use it; usually a global.
template <class T>
class context_var {
public:
    explicit context_var(std::string_view name) : name_(name) {}
    context_var(std::string_view name, T fallback) : name_(name), default_(std::move(fallback)) {}
    context_var(context_var const&) = delete;
    context_var& operator=(context_var const&) = delete;

    /// What `set` returns: the value before.
    class token {
    private:
        friend context_var;
        explicit token(std::optional<T> before) : before_(std::move(before)) {}
        std::optional<T> before_;
    };

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    /// Throws std::out_of_range if it has neither a value nor a default.
    [[nodiscard]] T const& get() const {
        if (auto const* const bound = find()) return *bound;
        if (!default_) throw std::out_of_range("context variable " + name_ + " has no value");
        return *default_;
    }
    [[nodiscard]] T get(T fallback) const {
        if (auto const* const bound = find()) return *bound;
        return fallback;
    }
    token set(T value) {
        auto const* const bound = find();
        token before(bound == nullptr ? std::nullopt : std::optional<T>(*bound));
        bind(std::optional<T>(std::move(value)));
        return before;
    }
    void reset(token const& to) { bind(to.before_); }

private:
    struct binding final : detail::context_node {
        binding(context_var const& of, detail::context_node* rest, std::optional<T> to)
            : context_node(&of, rest), value(std::move(to)) {}
        std::optional<T> value; ///< nullopt: reset to "not set"
    };

    [[nodiscard]] T const* find() const noexcept {
        for (auto* node = detail::current_context(); node != nullptr; node = node->next) {
            if (node->key != this) continue;
            auto const& value = static_cast<binding const*>(node)->value;
            return value ? &*value : nullptr;
        }
        return nullptr;
    }
    void bind(std::optional<T> value) {
        auto* const rest = detail::share(detail::current_context());
        detail::replace_current_context(new binding(*this, rest, std::move(value)));
    }

    std::string name_;
    std::optional<T> default_;
};

/// contextvars.Context: the values of all variables at one moment.
class context {
public:
    /// Those of the running task or callback.
    [[nodiscard]] static context copy() {
        return context(detail::share(detail::current_context()));
    }

    context(context const& other) noexcept : values_(detail::share(other.values_)) {}
    context(context&& other) noexcept : values_(std::exchange(other.values_, nullptr)) {}
    context& operator=(context other) noexcept {
        std::swap(values_, other.values_);
        return *this;
    }
    ~context() { detail::release(values_); }

    /// Calls `f()` with these values; what it sets stays in this object.
    template <std::invocable F>
    std::invoke_result_t<F&> run(F&& f) {
        entered const inside(*this);
        return std::invoke(f);
    }

private:
    explicit context(detail::context_node* values) noexcept : values_(values) {}

    class entered {
    public:
        explicit entered(context& in) : in_(in), before_(detail::share(detail::current_context())) {
            detail::replace_current_context(detail::share(in_.values_));
        }
        entered(entered const&) = delete;
        entered& operator=(entered const&) = delete;
        ~entered() {
            detail::release(in_.values_);
            in_.values_ = detail::share(detail::current_context());
            detail::replace_current_context(before_);
        }

    private:
        context& in_;
        detail::context_node* before_;
    };

    detail::context_node* values_;
};

[[nodiscard]] inline context copy_context() { return context::copy(); }

} // namespace siding
