// SPDX-License-Identifier: MIT
#pragma once

#include "asio.hpp"

namespace asio_model {

/// What Asio's own examples wait on for want of an event: a timer that never expires, and whose
/// cancellation is the news. Of one thread, and without memory: look at what is awaited first, and
/// again after `wait`.
class event {
public:
    explicit event(boost::asio::io_context& context)
        : timer_(context, boost::asio::steady_timer::time_point::max()) {}

    [[nodiscard]] boost::asio::awaitable<void> wait() {
        boost::system::error_code cancelled;
        co_await timer_.async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    }
    void wake_one() { timer_.cancel_one(); }

private:
    boost::asio::steady_timer timer_;
};

} // namespace asio_model
