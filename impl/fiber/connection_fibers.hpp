// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "epoll_scheduler.hpp"
#include "socket.hpp"
#include "stack.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>

namespace fiber {

/// One fiber per connection, written as if its calls blocked. One fiber accepts. The main fiber
/// waits for the stop descriptor, cancels the rest, and returns when the last has ended.
class connection_fibers {
public:
    /// `serve(socket)` runs in the connection's fiber, on a stack of `stack_bytes`.
    connection_fibers(contract::server_environment const& environment, std::size_t stack_bytes,
                      std::function<void(socket&)> serve)
        : serve_(std::move(serve)),
          stacks_(pooled_stacks(stack_bytes)),
          listener_(thread_.reactor(), environment.listen_fd),
          stop_(thread_.reactor(), environment.stop_fd) {}

    /// Returns the connections accepted.
    std::uint64_t run();

    /// For fibers that `serve` starts and joins.
    [[nodiscard]] class reactor& reactor() noexcept { return thread_.reactor(); }
    [[nodiscard]] auto& stacks() noexcept { return stacks_; }

private:
    void accept_all();
    void start(std::unique_ptr<socket> peer);
    void close(std::unique_ptr<socket> peer);

    std::function<void(socket&)> serve_;
    std::uint64_t accepted_ = 0;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    listener listener_;
    readiness stop_;
    std::set<socket*> open_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable all_closed_;
};

} // namespace fiber
