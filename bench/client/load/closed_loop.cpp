// SPDX-License-Identifier: MIT
#include "client/clock.hpp"
#include "client/load/driver.hpp"

namespace client {

void driver::run_closed(std::uint64_t count, measured& into, bool warm) {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    auto const started_ns = now_ns();
    bool broken = false;
    auto start_next = [&](std::uint64_t index) {
        if (sent == count || broken) return;
        auto& link = connections_[index];
        link.prepare_next();
        // Before the send, which can take the whole round trip when the peer runs on this CPU.
        link.intended_ns = link.sent_ns = now_ns();
        broken = !start(index, &into);
        if (!broken) ++sent;
    };
    for (std::uint64_t i = 0; i < connections_.size(); ++i) {
        start_next(i);
    }
    while (received < sent && !broken && !out_of_time(&into)) {
        for (auto const& event : poller_.wait(100'000'000)) {
            auto const index = event.data.u64;
            auto const result = serve(index, event.events, &into);
            if (result == outcome::broken) {
                broken = true;
                break;
            }
            if (result != outcome::complete) continue;
            ++received;
            auto const replied_ns = now_ns();
            note_dear(connections_[index], replied_ns, into);
            if (!warm) record(connections_[index], index, replied_ns, into);
            start_next(index);
            if (broken) break;
        }
    }
    if (warm) return;
    into.sent = sent;
    finish(started_ns, into);
}

} // namespace client
