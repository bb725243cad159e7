// SPDX-License-Identifier: MIT
#pragma once

#include "proc/account.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/types.h>
#include <vector>

/// What a process tree uses: living and ended threads and children alike. This is the only reader,
/// of the cell (its own tree) and of the load generator (the server's).
namespace proc {

struct thread_times {
    std::uint64_t cpu_ns = 0;
    std::uint64_t run_delay_ns = 0; ///< ready to run, and another was on the CPU
};

/// What the processes of a tree have used so far; only the difference of two says something. A
/// child that ends between two snapshots moves from the living to the waited-for, so that the
/// difference stays right.
struct usage {
    std::uint64_t cpu_ns = 0;
    std::uint64_t user_ns = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    /// CPU time of ended threads and children whose switches nobody can read any more.
    std::uint64_t unaccounted_ns = 0;
    bool has_account = false; ///< of the root; else its own ended threads are unaccounted
    std::map<pid_t, thread_times> threads; ///< the living ones of the tree
    bool has_run_delay = true;
    std::uint64_t processes = 0;
};

/// Which end of the measured span a snapshot marks: the clocks are read next to it, so that the
/// walk over /proc stays outside.
enum class edge { opening, closing };

class usage_reader {
public:
    /// A process and its children. `except`: those that are no part of the model. If it is not this
    /// one, what has ended in it is unaccounted.
    usage_reader(pid_t root, std::vector<pid_t> except);

    /// Another process, which `ask` makes account for itself.
    usage_reader(pid_t root, std::vector<pid_t> except,
                 std::function<std::optional<account>()> ask);

    [[nodiscard]] usage read(edge) const;

private:
    struct tree_view;
    [[nodiscard]] tree_view look_around(edge) const;

    pid_t root_;
    std::vector<pid_t> except_;
    std::function<std::optional<account>()> ask_;
};

/// What lies between two snapshots. What cannot be known is left out.
struct used {
    std::uint64_t cpu_ns = 0;
    std::uint64_t user_ns = 0;
    std::uint64_t system_ns = 0;
    std::optional<std::uint64_t> busiest_thread_ns;
    std::optional<std::uint64_t> working_threads; ///< with at least a tenth of that
    std::optional<std::uint64_t> voluntary_switches;
    std::optional<std::uint64_t> involuntary_switches;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::optional<std::uint64_t> run_delay_ns; ///< of all threads together
};

[[nodiscard]] used usage_between(usage const& before, usage const& after);

/// The fields of a sample, null for what is not known.
[[nodiscard]] nlohmann::json to_json(used const&);

} // namespace proc
