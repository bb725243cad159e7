// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/future_core.hpp"
#include "siding/errors.hpp"

#include <exception>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

namespace siding {

/// `void` as a value: in tuples of results.
using none = std::monostate;

template <class T>
using value_or_none = std::conditional_t<std::is_void_v<T>, none, T>;

struct cancelled_t {};

/// A result or an exception, of `gather` that keeps both, or of `settled`.
template <class T>
class outcome {
public:
    using value_type = value_or_none<T>;

    explicit outcome(value_type value) : held_(std::in_place_index<0>, std::move(value)) {}
    explicit outcome(std::exception_ptr error) : held_(std::in_place_index<1>, std::move(error)) {}
    /// Of what was cancelled: its exception is made when somebody asks for it.
    explicit outcome(cancelled_t) noexcept : held_(std::in_place_index<2>) {}

    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    /// Throws the exception if that is what it holds.
    [[nodiscard]] value_type const& value() const {
        if (!has_value()) std::rethrow_exception(exception());
        return std::get<0>(held_);
    }
    /// It was cancelled: `exception()` is a cancelled_error.
    [[nodiscard]] bool cancelled() const noexcept {
        return held_.index() == 2 ||
               (held_.index() == 1 &&
                *std::get<1>(held_).__cxa_exception_type() == typeid(cancelled_error));
    }
    /// nullptr if there is a value.
    [[nodiscard]] std::exception_ptr exception() const noexcept {
        if (held_.index() == 2) return std::make_exception_ptr(cancelled_error());
        return has_value() ? nullptr : std::get<1>(held_);
    }

private:
    std::variant<value_type, std::exception_ptr, cancelled_t> held_;
};

/// Tag: `gather(return_exceptions, ...)`.
struct return_exceptions_t {
    explicit return_exceptions_t() = default;
};
inline constexpr return_exceptions_t return_exceptions{};

} // namespace siding
