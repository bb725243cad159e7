// SPDX-License-Identifier: MIT
#pragma once

#include "cell/options.hpp"
#include "cell/sample_file.hpp"
#include "contract/model.hpp"
#include "facts/table/exit_codes.hpp"
#include "facts/verdict.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cell {

/// What all benchmarks of one process share.
struct process_setting {
    options given;
    contract::model const* model = nullptr;
    sample_file samples{""};
    std::vector<int> allowed_cpus;
    std::size_t most_descriptors = 0;
    int exit_code = facts::exit_code::ok; ///< the worst so far

    void fail(int code) noexcept {
        if (code > exit_code) exit_code = code;
    }
};

/// Where and how one cell is measured at one point.
struct setting {
    process_setting* process = nullptr;
    contract::cell const* cell = nullptr;
    std::vector<int> cpus;
    std::vector<int> client_cpus;
    unsigned workers = 1;
    std::string name;        ///< of the benchmark
    nlohmann::json identity; ///< the fields that all samples of this cell and point share

    [[nodiscard]] options const& given() const noexcept { return process->given; }
};

} // namespace cell
