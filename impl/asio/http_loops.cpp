// SPDX-License-Identifier: MIT
// The server of http.cpp, once a worker: as many loops as workers, each in a thread of its own.
#include "cells.hpp"
#include "loop_per_worker.hpp"

namespace asio_model {

std::unique_ptr<contract::session<contract::http>>
make_http_loops(contract::http::params const& params, contract::http::environment const& around) {
    return std::make_unique<loop_per_worker<contract::http>>(make_http_callback, params, around);
}

} // namespace asio_model
