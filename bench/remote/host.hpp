// SPDX-License-Identifier: MIT
#pragma once

#include "contract/host.hpp"
#include "remote/request.hpp"
#include "remote/worker.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace remote {

/// Where the worker of this executable lies: `switchyard-NAME` has it in `workers/NAME/` beside it.
struct place {
    std::string name;
    std::filesystem::path folder;

    [[nodiscard]] std::string worker() const { return (folder / "worker").string(); }
};
[[nodiscard]] place own_place();

/// Starts the worker of this executable for a cell.
[[nodiscard]] std::unique_ptr<contract::host> start_worker(contract::host_setting const&);

/// A worker that was started for a cell.
struct running {
    remote::worker worker;
    slot_file slots;
};

/// The one that `start_worker` has started and that still lives. Throws std::logic_error if there
/// is none.
[[nodiscard]] running& running_worker();

} // namespace remote
