// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include "coro/io/io_uring.hpp"
#include "coro/loop.hpp"

namespace coroutine_model {

/// Options of a loop on io_uring. Throws skipped_error where the kernel does not offer it.
[[nodiscard]] inline coro::loop_options on_io_uring() {
    if (auto const why = coro::why_no_io_uring(); !why.empty()) throw contract::skipped_error(why);
    return {.backend = &coro::make_io_uring_backend};
}

} // namespace coroutine_model
