// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/pipeline.hpp"
#include "rig/part.hpp"

#include <memory>
#include <string>

namespace rig {

/// Where a workload writes: a folder of this process's own in the folder for temporary files,
/// removed with all that is in it. One that was left by a killed process is removed by the next.
class output_folder final : public part {
public:
    /// Throws harness_error.
    explicit output_folder(contract::has_output_folder& given);
    ~output_folder() override;

    /// Empties it.
    void before_run() override;

    void show(oracle::evidence& known) const override { known.output_folder = path_; }

private:
    std::string path_;
};

template <class W>
[[nodiscard]] std::unique_ptr<part> set_up(order const&, contract::has_output_folder& given) {
    return std::make_unique<output_folder>(given);
}

} // namespace rig
