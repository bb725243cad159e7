// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace proc {

/// A process that watches this one: it counts the threads of the tree about every millisecond. It
/// takes CPU from what it watches, so it is for conformance and never for measuring. It is nobody's
/// child, so that it is not counted itself.
class auditor {
public:
    /// `except`: children that are no part of the model.
    explicit auditor(std::size_t most_threads, std::vector<pid_t> const& except);
    auditor(auditor const&) = delete;
    auditor& operator=(auditor const&) = delete;
    ~auditor();

    /// The most threads that it saw for longer than a thread takes to end.
    [[nodiscard]] std::size_t most_seen() const noexcept;

private:
    struct shared;
    shared* shared_;
};

} // namespace proc
