// SPDX-License-Identifier: MIT
#pragma once

#include "remote/line.hpp"
#include "remote/process.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace remote {

/// A worker process, and the conversation with it: a line asks, a line answers.
class worker {
public:
    /// Returns when it is ready. Throws start_error, and std::runtime_error if it does not get
    /// ready within `patience`.
    explicit worker(command const&, std::chrono::milliseconds patience = std::chrono::seconds(10));
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;
    ~worker();

    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }

    /// Sends a request and waits for its answer, which must have the verb `expected`.
    line ask(line const& request, std::string_view expected);

    void send(line const& request);
    /// The next line. `every_100_ms` is called about that often while none comes, and may throw.
    /// Throws std::runtime_error if the worker has ended.
    line receive(std::function<void()> const& every_100_ms = {});

    /// Throws what came instead of `expected`: contract::declined_error, contract::skipped_error,
    /// std::runtime_error if the worker failed, line_error if it cannot be understood.
    static void expect(line const& answer, std::string_view expected);

    /// Ends a session. What goes wrong is kept for `check`. A worker that still owes an answer is
    /// killed: it would not read.
    void stop() noexcept;
    /// Throws std::runtime_error if a session could not be ended.
    void check() const;

private:
    [[noreturn]] void throw_end();

    process process_;
    bool owes_answer_ = true; ///< the first one is that it is ready
    std::string unread_;
    std::string failure_;
};

} // namespace remote
