// SPDX-License-Identifier: MIT
// The server of delay.cpp, once a worker: as many loops as workers, each in a thread of its own.
#include "cells.hpp"
#include "loop_per_worker.hpp"

namespace fiber {

std::unique_ptr<contract::session<contract::delay>>
make_delay_loops(contract::delay::params const& params,
                 contract::delay::environment const& around) {
    return std::make_unique<loop_per_worker<contract::delay>>(make_delay, params, around);
}

} // namespace fiber
