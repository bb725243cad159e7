// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/future_core.hpp"
#include "siding/errors.hpp"

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace siding {

/// `void` as a value: in tuples of results.
using none = std::monostate;

template <class T>
using value_or_none = std::conditional_t<std::is_void_v<T>, none, T>;

/// A result or an exception, of `gather` that keeps both.
template <class T>
class outcome {
public:
    using value_type = value_or_none<T>;

    explicit outcome(value_type value) : held_(std::in_place_index<0>, std::move(value)) {}
    explicit outcome(std::exception_ptr error) : held_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    /// Throws the exception if that is what it holds.
    [[nodiscard]] value_type const& value() const {
        if (!has_value()) std::rethrow_exception(std::get<1>(held_));
        return std::get<0>(held_);
    }
    /// nullptr if there is a value.
    [[nodiscard]] std::exception_ptr exception() const noexcept {
        return has_value() ? nullptr : std::get<1>(held_);
    }

private:
    std::variant<value_type, std::exception_ptr> held_;
};

/// Tag: `gather(return_exceptions, ...)`.
struct return_exceptions_t {
    explicit return_exceptions_t() = default;
};
inline constexpr return_exceptions_t return_exceptions{};

} // namespace siding
