// SPDX-License-Identifier: MIT
#pragma once

#include "siding/siding.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

namespace coroutine_model {

/// Has accept failed for want of descriptors? Then the peers wait in the backlog.
[[nodiscard]] inline bool out_of_descriptors(std::system_error const& error) noexcept {
    return error.code().value() == EMFILE || error.code().value() == ENFILE;
}

/// Awaited before accept is tried again.
[[nodiscard]] inline auto descriptors() { return siding::sleep(std::chrono::milliseconds(10)); }

} // namespace coroutine_model
