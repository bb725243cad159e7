// SPDX-License-Identifier: MIT
#include "siding/run.hpp"

#include <exception>

namespace siding::detail {

void expect_no_running_loop() {
    auto* const home = detail::loop_core::of_this_thread();
    if (home != nullptr && home->is_running()) {
        throw runtime_error("run() cannot be called from a running event loop");
    }
}

void cancel_all_tasks(loop& of) {
    if (of.was_forked()) return; // they are the parent's
    auto const all = of.all_tasks();
    if (all.empty()) return;
    for (auto const& each : all) {
        each.cancel();
    }
    auto const ended = gather_all<void>(all.size(), true, nothing{}, [&](gathering& g) {
        for (auto const& each : all) {
            g.add(each);
        }
    });
    of.run_until_complete(ended);
    for (auto const& each : all) {
        if (each.cancelled()) continue;
        if (auto const error = each.exception()) {
            of.call_exception_handler({"unhandled exception during run() shutdown", error});
        }
    }
}

} // namespace siding::detail
