// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"

#include <memory>
#include <string>

namespace siding {

/// Why io_uring cannot be used here, in words for a person; "" when it can.
[[nodiscard]] std::string why_no_io_uring();

/// The io_uring backend, for `loop_options::backend`: multishot receives into provided buffers, one
/// system call a turn. Bytes of a socket that was received from may wait in its buffers, so such a
/// descriptor cannot be handed to other code in the middle of a stream.
/// Throws std::system_error where io_uring cannot be used.
[[nodiscard]] std::unique_ptr<detail::backend> make_io_uring_backend(loop& owner);

} // namespace siding
