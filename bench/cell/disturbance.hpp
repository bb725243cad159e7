// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"
#include "facts/verdict.hpp"

#include <nlohmann/json.hpp>

namespace cell {

/// `disturbed` if others kept what was measured from its CPUs, `ok` if not, or if nobody knows. A
/// pure function of the sample: no value that is compared between models has a part in it.
[[nodiscard]] facts::judgement disturbance(nlohmann::json const& sample);

} // namespace cell
