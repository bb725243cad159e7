// SPDX-License-Identifier: MIT
#include "siding/detail/loop_core.hpp"

#include <utility>

namespace siding::detail {

/// Nested in the running task or callback. No suspension in here may go on with what is in the
/// ready queue: the burst ends where it stands, and the turn does not end, until this is over.
void loop_core::start_eagerly(task_core& task) noexcept {
    ready_.unpush();
    task.set(future_core::is_started);
    auto* const outer = std::exchange(current_, &task);
    auto const burst_end = std::exchange(burst_end_, ready_.taken());
    auto const turn_end = std::exchange(turn_end_, ready_.taken() - 1);
    auto const transfer = std::exchange(transfer_, nullptr);
    auto next = task.frame();
    while (next) {
        next.resume();
        next = std::exchange(transfer_, nullptr);
    }
    transfer_ = transfer;
    turn_end_ = turn_end;
    burst_end_ = careful_until_ > ready_.taken() ? ready_.taken() : burst_end;
    current_ = outer;
}

} // namespace siding::detail
