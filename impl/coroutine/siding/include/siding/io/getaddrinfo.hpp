// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/endpoint.hpp"

#include <netdb.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace siding {

/// socket.gaierror: a name that could not be resolved; `code()` is one of EAI_*.
class resolution_error : public std::runtime_error {
public:
    explicit resolution_error(int code) : std::runtime_error(::gai_strerror(code)), code_(code) {}
    [[nodiscard]] int code() const noexcept { return code_; }

private:
    int code_;
};

struct resolution_options {
    int family = AF_UNSPEC;
    int type = SOCK_STREAM;
    int flags = 0; ///< AI_*
};

/// loop.getaddrinfo: the addresses of a host and service, as the resolver orders them. Numbers are
/// translated at once; names in a thread of the loop's pool, and the task resumes in the loop.
/// Throws resolution_error. A cancelled wait ends at once; the thread finishes for itself.
[[nodiscard]] coroutine<std::vector<endpoint>> getaddrinfo(std::string host, std::string service,
                                                           resolution_options options = {});

} // namespace siding
