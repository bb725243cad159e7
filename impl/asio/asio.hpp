// SPDX-License-Identifier: MIT
#pragma once

#include <utility> // Boost 1.74 forgets it in asio/awaitable.hpp

#include <boost/asio.hpp>

#include <exception>

namespace asio_model {

/// What becomes of a coroutine that throws: `asio::detached` would drop the exception, this throws
/// it out of `io_context::run`.
inline constexpr auto rethrow = [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
};

} // namespace asio_model
