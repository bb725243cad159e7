// SPDX-License-Identifier: MIT
// The server of gateway.cpp, once a worker: as many loops as workers, each in a thread of its own.
#include "cells.hpp"
#include "loop_per_worker.hpp"

namespace callback {

std::unique_ptr<contract::session<contract::gateway>>
make_gateway_loops(contract::gateway::params const& params,
                   contract::gateway::environment const& around) {
    return std::make_unique<loop_per_worker<contract::gateway>>(make_gateway, params, around);
}

} // namespace callback
