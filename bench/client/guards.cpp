// SPDX-License-Identifier: MIT
#include "client/guards.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <vector>

namespace client {

namespace {

using nlohmann::json;

constexpr double littles_law_limit = 0.02;
constexpr double client_share_limit = 0.80;
constexpr double busy_enough = 0.90;
constexpr double least_achieved = 0.95;
constexpr double drift_limit = 0.30;
constexpr std::uint64_t least_send_lag_ns = 50'000;

json guard(bool ok, json value, json limit) {
    return {{"ok", ok}, {"value", std::move(value)}, {"limit", std::move(limit)}};
}

double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// N = X * R: the messages that were under way must be the rate times their latency. In a closed
/// loop N is known from the connections alone, less what the generator took for itself between a
/// reply and the next send; what is left must be in the latencies.
json littles_law(load const& asked, measured const& seen) {
    if (asked.rate_per_s > 0 || seen.connection_ns == 0) {
        return guard(true, nullptr, littles_law_limit);
    }
    auto const off = std::abs(ratio(seen.connection_ns - seen.think_ns, seen.latency_sum_ns) - 1);
    return guard(off <= littles_law_limit, off, littles_law_limit);
}

json send_lag(load const& asked, measured const& seen) {
    if (asked.rate_per_s == 0 || seen.send_lag.count() == 0) return guard(true, nullptr, nullptr);
    auto const limit_ns = std::max(least_send_lag_ns, seen.latency.value_at(0.5) / 20);
    auto const lag_ns = seen.send_lag.value_at(0.99);
    return guard(lag_ns <= limit_ns, lag_ns, limit_ns);
}

/// Not whether the client was busy, but whether it was busier than the server: on two cores both
/// can be saturated, and then the server was measured as well.
json client_share(load const& asked, measured const& seen) {
    // An open loop waits awake for close arrivals: that is no work.
    auto const awake_ns = asked.rate_per_s > 0 ? std::min(seen.awake_ns, seen.own_cpu_ns) : 0;
    auto const share = ratio(seen.own_cpu_ns - awake_ns, seen.window_ns);
    // A server of many threads is saturated when its CPUs are, whoever of them was busiest.
    auto const server_share =
        std::max(ratio(seen.server.used.busiest_thread_ns.value_or(0), seen.window_ns),
                 ratio(seen.server.used.cpu_ns, seen.window_ns * seen.server.cpus));
    bool const saturated = seen.server.known && server_share >= std::min(share, busy_enough);
    bool const limited = share > client_share_limit && !saturated;
    return guard(!limited, share, client_share_limit);
}

/// An open loop that ends long after its last arrival has measured a backlog.
json achieved_rate(load const& asked, measured const& seen) {
    if (asked.rate_per_s == 0 || seen.last_arrival_ns == 0 || seen.received < 100) {
        return guard(true, nullptr, least_achieved);
    }
    auto const achieved = std::min(1.0, ratio(seen.last_arrival_ns, seen.window_ns));
    return guard(achieved >= least_achieved, achieved, least_achieved);
}

/// The second half at the rate of the first, unless it is not to be.
json stationary(load const& asked, measured const& seen) {
    if (asked.has_surge() || seen.half_at_ns == 0 || seen.received < 1'000 ||
        seen.window_ns <= seen.half_at_ns) {
        return guard(true, nullptr, drift_limit);
    }
    auto const drift = std::abs(ratio(seen.half_at_ns, seen.window_ns - seen.half_at_ns) - 1);
    return guard(drift <= drift_limit, drift, drift_limit);
}

json fairness_of(measured const& seen) {
    if (seen.served.empty()) { // the load ended before its window
        return {{"served", 0}, {"least", 0}, {"most", 0}, {"jain", 0.0}, {"worst_p99_ns", nullptr}};
    }
    double sum = 0;
    double squares = 0;
    for (auto const replies : seen.served) {
        sum += static_cast<double>(replies);
        squares += static_cast<double>(replies) * static_cast<double>(replies);
    }
    auto const [least, most] = std::minmax_element(seen.served.begin(), seen.served.end());
    // The p99 of each connection, from the replies sorted by connection.
    std::vector<std::vector<std::uint64_t>> by_connection(seen.served.size());
    for (std::size_t i = 0; i < seen.reply_of.size(); ++i) {
        by_connection[seen.reply_of[i]].push_back(seen.reply_ns[i]);
    }
    json worst_ns = nullptr;
    for (auto& replies : by_connection) {
        if (replies.size() < 2'000) continue;               // 20 / (1 - 0.99)
        auto const rank = (replies.size() * 99 + 99) / 100; // as histogram::value_at
        auto const place = replies.begin() + static_cast<std::ptrdiff_t>(rank - 1);
        std::nth_element(replies.begin(), place, replies.end());
        if (worst_ns.is_null() || *place > worst_ns.get<std::uint64_t>()) worst_ns = *place;
    }
    return {{"served", std::count_if(seen.served.begin(), seen.served.end(),
                                     [](auto replies) { return replies != 0; })},
            {"least", *least},
            {"most", *most},
            // Jain, Chiu, Hawe 1984: 1 is equal service, 1 / n is one served and the rest starved.
            {"jain",
             squares == 0 ? 0.0 : sum * sum / (static_cast<double>(seen.served.size()) * squares)},
            {"worst_p99_ns", worst_ns}};
}

/// The verdict of a load that ended before its last message: its guards say nothing of their own.
std::optional<facts::verdict> early_end(measured const& seen) {
    if (seen.mismatched != 0) return facts::verdict::wrong;
    switch (seen.how) {
    case measured::end::vanished:
        return facts::verdict::crashed;
    case measured::end::timed_out:
        return facts::verdict::timeout;
    case measured::end::overloaded:
        return facts::verdict::overloaded;
    case measured::end::completed:
        break;
    }
    return {};
}

/// What each broken guard says.
std::vector<facts::judgement> contradictions(load const& asked, measured const& seen,
                                             judgement const& judged) {
    using facts::verdict;
    std::vector<facts::judgement> found;
    auto const if_broken = [&](char const* name, verdict given, auto const& reason) {
        auto const& guard = judged.guards[name];
        if (!guard["ok"].get<bool>()) found.push_back({given, reason(guard["value"])});
    };
    auto const percent = [](json const& value) { return 100 * value.get<double>(); };
    if_broken("sent_received", verdict::wrong, [&](json const&) {
        return fmt::format("sent {} messages and received {} replies", seen.sent, seen.received);
    });
    if_broken("every_connection", verdict::wrong, [&](json const& served) {
        return fmt::format("only {} of {} connections were served", served.get<std::uint64_t>(),
                           asked.connections);
    });
    if_broken("achieved_rate", verdict::overloaded, [&](json const& achieved) {
        return fmt::format("only {:.0f} % of the offered rate was achieved", percent(achieved));
    });
    if_broken("send_lag", verdict::rig_limited, [&](json const& lag_ns) {
        return fmt::format("the load generator sent late: p99 {} us",
                           lag_ns.get<std::uint64_t>() / 1'000);
    });
    if_broken("client_share", verdict::rig_limited, [&](json const& share) {
        return fmt::format("the load generator used {:.0f} % of its CPU, more than the server",
                           percent(share));
    });
    if_broken("littles_law", verdict::unstable, [&](json const& off) {
        return fmt::format("Little's law is off by {:.1f} %", percent(off));
    });
    if_broken("stationary", verdict::unstable, [&](json const& drift) {
        return fmt::format("the halves of the window differ by {:.0f} %", percent(drift));
    });
    return found;
}

facts::judgement decide(load const& asked, measured const& seen, judgement const& judged) {
    if (auto const early = early_end(seen)) return {*early, seen.stopped_early};
    facts::judgement gravest;
    for (auto& found : contradictions(asked, seen, judged)) {
        if (facts::is_graver(found.verdict, gravest.verdict)) gravest = std::move(found);
    }
    return gravest;
}

} // namespace

judgement judge(load const& asked, measured const& seen) {
    judgement result;
    result.fairness = fairness_of(seen);
    auto const served = result.fairness.value("served", std::uint64_t{0});
    // An open loop may be shorter than its list of connections.
    auto const reachable = std::min(asked.connections, seen.sent);
    result.guards = {
        {"littles_law", littles_law(asked, seen)},
        {"sent_received", guard(seen.sent == seen.received, seen.received, seen.sent)},
        {"send_lag", send_lag(asked, seen)},
        {"every_connection", guard(served >= reachable, served, reachable)},
        {"client_share", client_share(asked, seen)},
        {"achieved_rate", achieved_rate(asked, seen)},
        {"stationary", stationary(asked, seen)},
    };
    result.found = decide(asked, seen, result);
    return result;
}

} // namespace client
