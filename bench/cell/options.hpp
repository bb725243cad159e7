// SPDX-License-Identifier: MIT
#pragma once

#include "oracle/rules.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cell {

/// The command line, as typed; `run` gives the defaults that depend on the cell.
struct options {
    bool describe = false;
    std::string cell; ///< "workload" or "workload/variant"; empty: all supported ones
    oracle::preset preset = oracle::preset::quick;
    std::string preset_name = "quick";
    std::optional<std::uint64_t> point;
    std::map<std::string, std::uint64_t> set;
    std::optional<unsigned> workers;
    std::optional<std::string> cpus;
    std::optional<std::string> client_cpus;
    std::uint64_t seed = 1;
    std::optional<std::uint64_t> iterations;
    std::uint64_t warm_up = 1;
    std::chrono::nanoseconds timeout = std::chrono::seconds(60);
    std::string link_address; ///< of this end of a link to another host; empty: all is here
    std::string agent;        ///< at its other end, "ADDRESS:PORT"
    std::string samples;
    nlohmann::json tags = nlohmann::json::object();
    bool audit = false;
    std::vector<std::string> for_benchmark; ///< flags of Google Benchmark, untouched
};

/// Throws usage_error. Prints the help and exits 0 if that is asked for.
[[nodiscard]] options parse_options(int argc, char** argv, std::string_view model);

/// Did the user give this flag of Google Benchmark?
[[nodiscard]] bool has_benchmark_flag(options const&, std::string_view flag);

} // namespace cell
