// SPDX-License-Identifier: MIT
#pragma once

#include "backend/service.hpp"
#include "histogram/histogram.hpp"

#include <chrono>
#include <cstdint>

/// The server that `client` workloads talk to: every answer comes a fixed time after its request,
/// and some of them a longer fixed time.
namespace backend {

struct options {
    int listen_fd = -1;
    int stop_fd = -1; ///< readable or at its end: stop
    std::chrono::microseconds delay{0};
    std::chrono::microseconds late_delay{0}; ///< of requests for which the service says so
};

struct served {
    std::uint64_t requests = 0;
    std::uint64_t connections = 0;
    std::uint64_t most_in_flight = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t busy_from_ns = 0; ///< first request and last answer
    std::uint64_t busy_until_ns = 0;
    histogram::histogram late; ///< answers later than intended
};

/// Serves until `stop_fd` says so. Throws std::system_error.
[[nodiscard]] served serve(options const& how, service& provider);

} // namespace backend
