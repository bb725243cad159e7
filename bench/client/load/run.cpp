// SPDX-License-Identifier: MIT
#include "client/load/run.hpp"

#include "client/clock.hpp"
#include "client/load/arrivals.hpp"
#include "client/load/driver.hpp"

#include <optional>
#include <sys/prctl.h>

namespace client {

measured run_load(load const& asked, std::function<std::unique_ptr<edges>()> const& go) {
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    measured seen;
    seen.expected = asked.messages;
    // What the loop records into is allocated before the window opens.
    seen.reply_of.reserve(asked.messages);
    seen.reply_ns.reserve(asked.messages);
    if (asked.has_surge()) seen.due_ns.reserve(asked.messages);
    auto const arrivals_ns = asked.rate_per_s > 0
                                 ? arrivals(asked.messages, asked.rate_per_s, asked.poisson,
                                            asked.seed, asked.surge_percent, asked.burst)
                                 : std::vector<std::uint64_t>();
    auto const watch = go();
    std::optional<driver> made;
    try {
        made.emplace(asked);
    } catch (connect_timeout const& error) {
        seen.how = measured::end::timed_out;
        seen.stopped_early = error.what();
        return seen;
    }
    auto& all = *made;
    seen.request_bytes = all.connections().front().spoken().message().size();
    seen.reply_bytes = all.connections().front().spoken().reply().size();
    if (asked.warm_up != 0) {
        all.run_closed(asked.warm_up, seen, true);
        // A server that fails here fails as it would in the window.
        if (!seen.stopped_early.empty()) return seen;
        seen.warm_up_bytes = asked.warm_up * seen.reply_bytes;
    }
    watch->open();
    auto const cpu_before_ns = own_cpu_ns();
    if (asked.rate_per_s > 0) {
        all.run_open(arrivals_ns, seen);
    } else {
        all.run_closed(asked.messages, seen, false);
    }
    seen.own_cpu_ns = own_cpu_ns() - cpu_before_ns;
    seen.server = watch->close(seen.own_cpu_ns);
    seen.edge_round_trips = watch->round_trips();
    all.check_for_surplus(seen);
    return seen;
}

} // namespace client
