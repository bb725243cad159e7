// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"
#include "facts/verdict.hpp"

#include <nlohmann/json.hpp>

namespace client {

/// What the window says of itself, and whether that can be true. Each guard is an object
/// {"ok", "value", "limit"}; one that does not apply has a null value and is ok.
struct judgement {
    nlohmann::json guards;
    nlohmann::json fairness;
    facts::judgement found;
};

/// A pure function of what was measured.
[[nodiscard]] judgement judge(load const& asked, measured const& seen);

} // namespace client
