// SPDX-License-Identifier: MIT
#pragma once

#include "client/server_watch.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace client {

/// What stands in for the load generator where that runs on another host.
struct relayed {
    std::string agent;             ///< "ADDRESS:PORT"
    std::vector<std::string> load; ///< the words of the load generator
    std::optional<int> account_fd;
    std::function<watched()> go; ///< waits; the server whose clocks are to be read
};

/// Has the agent start the load generator, reads the server's clocks when that says so, and returns
/// its report; {"schema": 1, "lost": why} if it cannot be reached or is lost on the way.
[[nodiscard]] nlohmann::json relay(relayed const& wanted);

} // namespace client
