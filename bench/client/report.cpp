// SPDX-License-Identifier: MIT
#include "client/report.hpp"

#include "client/guards.hpp"
#include "client/surge.hpp"
#include "facts/table/fields.hpp"

namespace client {

namespace field = facts::field;

nlohmann::json report(load const& asked, measured const& seen) {
    auto const judged = judge(asked, seen);
    nlohmann::json report{
        {"schema", 1},
        {"window_ns", seen.window_ns},
        {"sent", seen.sent},
        {"received", seen.received},
        {"errors", seen.errors},
        {"mismatched", seen.mismatched},
        {"connections", asked.connections},
        {"bytes_sent", seen.sent * seen.request_bytes},
        {"bytes_received", seen.received * seen.reply_bytes},
        {"warm_up_bytes", seen.warm_up_bytes},
        {field::latency, histogram::to_json(seen.latency)},
        {"service", histogram::to_json(seen.service)},
        {"send_lag", histogram::to_json(seen.send_lag)},
        {field::client,
         {{field::cpu_ns, seen.own_cpu_ns},
          {"share", seen.window_ns == 0 ? 0.0
                                        : static_cast<double>(seen.own_cpu_ns) /
                                              static_cast<double>(seen.window_ns)},
          {"awake_ns", seen.awake_ns},
          {"late_sends", seen.late_sends},
          {"think_ns", seen.think_ns}}},
        {"fairness", judged.fairness},
        {"server", to_json(seen.server)},
        {"guards", judged.guards},
        {field::verdict, name_of(judged.found.verdict)},
        {field::reason, judged.found.reason}};
    if (!seen.edge_round_trips.is_null()) report["edges"] = seen.edge_round_trips;
    if (asked.dear_percent || asked.slow_every) {
        report["dear"] = {{"requests", seen.dear_messages},
                          {"least_ns", seen.least_dear_ns},
                          {field::latency, histogram::to_json(seen.dear)}};
    }
    if (asked.has_surge()) {
        auto const surge = surge_of(asked, seen);
        report["surge"] = {{"normal_p99_ns", surge.normal_p99_ns},
                           {"goodput_per_s", surge.goodput_per_s},
                           {"recovery_ns", nullptr}};
        if (surge.recovery_ns) report["surge"]["recovery_ns"] = *surge.recovery_ns;
    }
    return report;
}

} // namespace client
