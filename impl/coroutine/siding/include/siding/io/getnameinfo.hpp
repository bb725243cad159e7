// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/endpoint.hpp"

#include <netdb.h>

#include <string>

namespace siding {

/// What getnameinfo gives.
struct name_of_endpoint {
    std::string host;
    std::string service;
};

/// loop.getnameinfo: the names of a host and port; `flags` are NI_* of getnameinfo(3), with
/// NI_NUMERICHOST | NI_NUMERICSERV translated at once, all else in a thread of the loop's pool.
/// Throws resolution_error. A cancelled wait ends at once; the thread finishes for itself.
[[nodiscard]] coroutine<name_of_endpoint> getnameinfo(endpoint of, int flags = 0);

} // namespace siding
