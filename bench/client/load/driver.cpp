// SPDX-License-Identifier: MIT
#include "client/load/driver.hpp"

#include "client/clock.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace client {

driver::driver(client::load const& load)
    : load_(load),
      deadline_ns_(now_ns() + static_cast<std::uint64_t>(load.timeout.count()) * 1'000'000'000u) {
    connections_.reserve(load.connections);
    for (std::uint64_t i = 0; i < load.connections; ++i) {
        connections_.emplace_back(load_, i, deadline_ns_);
        poller_.add(connections_.back().fd(), i);
    }
}

bool driver::start(std::uint64_t index, measured* into) {
    auto& link = connections_[index];
    if (link.peer_ended() && !load_.reconnect) {
        // The end of the stream came with the last reply, and no event will tell of it again.
        note_closed(index, into);
        return false;
    }
    if (load_.reconnect) {
        try {
            if (link.connect_anew(deadline_ns_)) poller_.add(link.fd(), index);
        } catch (connect_timeout const& error) {
            if (into) {
                into->how = measured::end::timed_out;
                into->stopped_early = error.what();
            }
            return false;
        }
    }
    link.send_prepared();
    return true;
}

void driver::note_closed(std::uint64_t index, measured* into) const {
    if (!into) return;
    ++into->errors;
    into->how = measured::end::vanished;
    into->stopped_early = fmt::format("the server closed connection {} after {} replies", index,
                                      connections_[index].served);
}

driver::outcome driver::serve(std::uint64_t index, std::uint32_t events, measured* into) {
    auto& link = connections_[index];
    if ((events & EPOLLOUT) != 0 && link.must_write()) link.send_rest();
    if ((events & ~EPOLLOUT) == 0) return outcome::none;
    switch (link.receive((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)) {
    case connection::progress::waits:
        return outcome::none;
    case connection::progress::complete:
        return outcome::complete;
    case connection::progress::closed:
        // With a connection for each message, the server may end it after its reply.
        if (load_.reconnect && !link.busy()) return outcome::none;
        note_closed(index, into);
        return outcome::broken;
    case connection::progress::mismatched:
        if (into) {
            ++into->mismatched;
            into->stopped_early = fmt::format(
                "a wrong or surplus byte on connection {} after {} replies", index, link.served);
        }
        return outcome::broken;
    }
    return outcome::none;
}

bool driver::out_of_time(measured* into) {
    if (now_ns() < deadline_ns_) return false;
    if (into) {
        into->how = measured::end::timed_out;
        auto const served = std::count_if(connections_.begin(), connections_.end(),
                                          [](auto const& link) { return link.served != 0; });
        into->stopped_early = fmt::format(
            "the load did not end within {} s: {} of {} replies, {} of {} connections "
            "served",
            load_.timeout.count(), into->received, into->expected, served, connections_.size());
    }
    return true;
}

void driver::note_dear(connection const& link, std::uint64_t now, measured& into) {
    if (!link.spoken().dear()) return;
    auto const took_ns = now - link.sent_ns;
    into.least_dear_ns =
        into.dear_messages++ == 0 ? took_ns : std::min(into.least_dear_ns, took_ns);
}

void driver::record(connection& link, std::uint64_t index, std::uint64_t now, measured& into) {
    auto const service_ns = now - link.sent_ns;
    (link.spoken().dear() ? into.dear : into.latency).record(now - link.intended_ns);
    into.service.record(service_ns);
    into.latency_sum_ns += service_ns;
    ++into.received;
    if (into.received == (into.expected + 1) / 2) into.half_at_ns = now;
    if (link.served++ == 0) {
        link.first_ns = link.sent_ns;
    } else {
        into.think_ns += link.sent_ns - link.last_ns;
    }
    link.last_ns = now;
    into.reply_of.push_back(static_cast<std::uint32_t>(index));
    into.reply_ns.push_back(now - link.intended_ns);
    if (load_.has_surge()) into.due_ns.push_back(link.intended_ns);
}

void driver::finish(std::uint64_t started_ns, measured& into) {
    std::uint64_t end_ns = started_ns;
    for (auto const& link : connections_) {
        into.served.push_back(link.served);
        if (link.served != 0) into.connection_ns += link.last_ns - link.first_ns;
        end_ns = std::max(end_ns, link.last_ns);
    }
    into.window_ns = end_ns - started_ns;
    into.half_at_ns = into.half_at_ns > started_ns ? into.half_at_ns - started_ns : 0;
}

void driver::check_for_surplus(measured& into) {
    for (std::uint64_t i = 0; i < connections_.size() && into.stopped_early.empty(); ++i) {
        serve(i, EPOLLIN, &into);
    }
}

} // namespace client
