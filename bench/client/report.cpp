// SPDX-License-Identifier: MIT
#include "client/report.hpp"

#include "client/guards.hpp"
#include "client/surge.hpp"
#include "facts/table/fields.hpp"

namespace client {

namespace field = facts::field;

nlohmann::json report(load const& asked, measured const& seen) {
    auto const judged = judge(asked, seen);
    nlohmann::json server = nullptr;
    if (seen.server.known) {
        auto const& used = seen.server;
        server = {{field::cpu_ns, used.cpu_ns},
                  {field::user_ns, used.user_ns},
                  {field::system_ns, used.system_ns},
                  {field::busiest_thread_ns, used.busiest_thread_ns},
                  {field::voluntary_switches, used.voluntary_switches},
                  {field::involuntary_switches, used.involuntary_switches},
                  {field::minor_faults, used.minor_faults},
                  {field::major_faults, used.major_faults},
                  {field::threads, used.threads},
                  {field::processes, used.processes},
                  {"rss_bytes", used.rss_bytes},
                  {field::pss_bytes, nullptr}};
        if (used.pss_bytes) server[field::pss_bytes] = *used.pss_bytes;
    }
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
          {"late_sends", seen.late_sends},
          {"think_ns", seen.think_ns}}},
        {"fairness", judged.fairness},
        {"server", server},
        {"guards", judged.guards},
        {field::verdict, name_of(judged.found.verdict)},
        {field::reason, judged.found.reason}};
    if (asked.dear_percent) {
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
