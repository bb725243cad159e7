// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"
#include "contract/model.hpp"
#include "contract/workloads/startup.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace cell {

/// The first argument of a process that is here for its first operation.
inline constexpr std::string_view first_operation_flag = "--first-operation";

/// A session that starts this executable anew for each start and lets it run the cell: slot i gets
/// the time before the fork and the time of the first operation.
[[nodiscard]] std::unique_ptr<contract::session<contract::startup>>
start_afresh(setting const& context, contract::startup::params const& params,
             contract::startup::environment const& around, std::span<contract::latency_slot> slots);

/// All that such a process does: `arguments` follow the flag. Its exit code.
[[nodiscard]] int do_first_operation(contract::model const& model, int count, char** arguments);

} // namespace cell
