// SPDX-License-Identifier: MIT
// The server of echo.cpp, once a worker: as many loops as workers, each in a thread of its own.
#include "cells.hpp"
#include "loop_per_worker.hpp"

namespace asio_model {

std::unique_ptr<contract::session<contract::echo>>
make_echo_loops(contract::echo::params const& params, contract::echo::environment const& around) {
    return std::make_unique<loop_per_worker<contract::echo>>(make_echo_callback, params, around);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_loops(contract::pump::params const& params, contract::pump::environment const& around) {
    return std::make_unique<loop_per_worker<contract::pump>>(make_pump_callback, params, around);
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_loops(contract::accept::params const& params,
                  contract::accept::environment const& around) {
    return std::make_unique<loop_per_worker<contract::accept>>(make_accept_callback, params,
                                                               around);
}

std::unique_ptr<contract::session<contract::held>>
make_held_loops(contract::held::params const& params, contract::held::environment const& around) {
    return std::make_unique<loop_per_worker<contract::held>>(make_held_callback, params, around);
}

} // namespace asio_model
