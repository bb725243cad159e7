// SPDX-License-Identifier: MIT
#pragma once

#include "contract/probe.hpp"
#include "proc/memory.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <sys/types.h>
#include <vector>

namespace proc {

/// Least squares: by how much y grows with each x.
[[nodiscard]] double slope(std::span<double const> x, std::span<double const> y);

/// Looks at the memory of the process each time that a run asks for it, and notes when.
class memory_looks final : public contract::observer {
public:
    /// Looks at the process `root`. `units[k]` wait at look k; `times` has a slot for each and one
    /// more. Takes the first footprint, with no unit alive, at once.
    memory_looks(pid_t root, std::vector<std::uint64_t> units,
                 std::span<contract::latency_slot> times);

    void look() override;

    /// What the looks took of the run.
    [[nodiscard]] std::uint64_t spent_ns() const noexcept { return spent_ns_; }

    /// The field `waiting` of a sample.
    [[nodiscard]] nlohmann::json report() const;

private:
    pid_t root_;
    std::vector<std::uint64_t> units_;
    std::span<contract::latency_slot> times_;
    footprint before_;
    std::vector<footprint> seen_;
    std::uint64_t spent_ns_ = 0;
};

} // namespace proc
