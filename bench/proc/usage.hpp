// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <sys/types.h>
#include <vector>

namespace proc {

/// What this process, its living descendants and those that it has waited for have used so far.
/// A child that ends between two snapshots moves from the living to the waited-for, so that the
/// difference of two snapshots stays right.
struct usage {
    std::uint64_t cpu_ns = 0;
    std::uint64_t user_ns = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::map<pid_t, std::uint64_t> thread_cpu_ns; ///< of every living thread of the tree
};

/// Which end of the measured span a snapshot marks: this process's own clocks are read next to it,
/// so that the walk over /proc stays outside.
enum class edge { opening, closing };

/// `except`: the load generator and other children that are no part of the model.
[[nodiscard]] usage read_usage(edge, std::vector<pid_t> const& except);

/// The fields `cpu_ns` ... `major_faults` of a sample for what lies between two snapshots.
[[nodiscard]] nlohmann::json usage_between(usage const& before, usage const& after);

} // namespace proc
