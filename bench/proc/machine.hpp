// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

/// What others took of the CPUs on which something was measured.
namespace proc {

/// Sums over some CPUs since the machine was started, in ticks of the kernel.
struct cpu_times {
    std::uint64_t at_ns = 0;   ///< when they were read
    std::uint64_t running = 0; ///< programs of this machine, and what the kernel did for them
    std::uint64_t stolen = 0;  ///< another guest of the same host was on the CPU
};

/// None where /proc/stat does not have each of them.
[[nodiscard]] std::optional<cpu_times> read_cpu_times(std::vector<int> const& cpus);

/// As shares of the time of these CPUs; none where it is not known.
struct taken {
    std::optional<double> stolen;
    std::optional<double> by_foreign_programs;
};

/// `own_ns`: the CPU time of who was measured; none if others of the suite were on the same CPUs
/// and cannot be distinguished from others. The kernel counts in ticks of 10 ms: of a short time
/// nothing is known.
[[nodiscard]] taken taken_between(std::optional<cpu_times> const& before,
                                  std::optional<cpu_times> const& after, std::size_t cpus,
                                  std::optional<std::uint64_t> own_ns);

/// The fields of a sample.
[[nodiscard]] nlohmann::json to_json(taken const&);

} // namespace proc
