// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"

#include <memory>

namespace siding::detail {

struct queue_sizes {
    unsigned submission = 256;
    unsigned completion = 4096;
};

/// Other sizes than usual, for tests: the kernel keeps what does not fit.
[[nodiscard]] std::unique_ptr<backend> make_io_uring_backend(loop& owner, queue_sizes entries);

} // namespace siding::detail
