// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace proc {

/// What a session may leave behind: threads, children, open descriptors.
struct holdings {
    std::set<pid_t> threads;
    std::set<pid_t> children;
    std::map<int, std::string> descriptors; ///< and what each is open on
};

/// Threads and descriptors of the process `of`; children of this one, orphans of its children
/// among them, without those in `except`.
[[nodiscard]] holdings read_holdings(pid_t of, std::vector<pid_t> const& except);

/// "" if all that the session had is gone again, otherwise what is left.
///
/// A library may keep a thread pool or a pipe for the life of the process: idle, made once. So what
/// is left is allowed if it is neither child nor socket, and `again` (make, run, destroy) adds
/// nothing to it. Up to `runtime_threads` of a runtime that starts its threads when it likes are no
/// leak whenever they come. `patience` is how long ending threads may take to go.
[[nodiscard]] std::string check_leaks(pid_t of, holdings const& before,
                                      std::vector<pid_t> const& except,
                                      std::function<void()> const& again,
                                      std::chrono::milliseconds patience,
                                      std::size_t runtime_threads = 0);

} // namespace proc
