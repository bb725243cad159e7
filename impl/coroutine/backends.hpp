// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include "siding/io/io_uring.hpp"
#include "siding/loop.hpp"

namespace coroutine_model {

/// Options of a loop on io_uring. Throws skipped_error where the kernel does not offer it.
[[nodiscard]] inline siding::loop_options on_io_uring() {
    if (auto const why = siding::why_no_io_uring(); !why.empty())
        throw contract::skipped_error(why);
    return {.backend = &siding::make_io_uring_backend};
}

} // namespace coroutine_model
