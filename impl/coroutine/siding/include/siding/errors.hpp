// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace siding {

/// Thrown at the await of a cancelled task. Not a std::exception, as asyncio's is not an Exception:
/// a handler for errors must not swallow it by chance. Final, so that the loop knows it by its
/// type.
class cancelled_error final {
public:
    cancelled_error() = default;
    explicit cancelled_error(std::string message) : message_(std::move(message)) {}
    [[nodiscard]] std::string const& message() const noexcept { return message_; }
    [[nodiscard]] char const* what() const noexcept { return "cancelled"; }

private:
    std::string message_;
};

/// What `run` throws when SIGINT has ended it: Python's KeyboardInterrupt. Not a std::exception,
/// for the same reason.
class keyboard_interrupt final {
public:
    [[nodiscard]] char const* what() const noexcept { return "interrupted"; }
};

/// A future is in the wrong state: set twice, read while pending.
struct invalid_state_error : std::logic_error {
    using std::logic_error::logic_error;
};

/// asyncio's RuntimeError: misuse that only shows at run time.
struct runtime_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// asyncio's ValueError.
struct value_error : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

struct timeout_error : std::runtime_error {
    timeout_error() : std::runtime_error("timed out") {}
};

struct queue_empty : std::runtime_error {
    queue_empty() : std::runtime_error("the queue is empty") {}
};

struct queue_full : std::runtime_error {
    queue_full() : std::runtime_error("the queue is full") {}
};

struct broken_barrier_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a task group throws: the errors of all its tasks, in the order in which they happened.
class exception_group : public std::runtime_error {
public:
    exception_group(std::string const& message, std::vector<std::exception_ptr> errors)
        : std::runtime_error(message + " (" + std::to_string(errors.size()) +
                             (errors.size() == 1 ? " sub-exception)" : " sub-exceptions)")),
          errors_(std::move(errors)) {}
    [[nodiscard]] std::vector<std::exception_ptr> const& exceptions() const noexcept {
        return errors_;
    }

private:
    std::vector<std::exception_ptr> errors_;
};

/// What the exception handler of a loop gets.
struct exception_context {
    std::string message;
    std::exception_ptr exception; ///< may be null
};

} // namespace siding
