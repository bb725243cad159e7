// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace thread_model {

/// Throws contract::declined_error if this machine does not let this process start `count` more
/// threads, naming the limit: "one thread per wait: 100000 threads exceed the 32000 that ...
/// allows".
void require_threads(std::uint64_t count, std::string_view per_what);

} // namespace thread_model
