// SPDX-License-Identifier: MIT
#include "client/edges.hpp"

#include "facts/table/fields.hpp"

namespace client {
namespace {

namespace field = facts::field;

template <class T>
std::optional<T> optional_of(nlohmann::json const& from, char const* name) {
    auto const found = from.find(name);
    if (found == from.end() || found->is_null()) return {};
    return found->get<T>();
}

} // namespace

nlohmann::json to_json(server_usage const& seen) {
    if (!seen.known) return nullptr;
    auto server = proc::to_json(seen.used);
    server.update(proc::to_json(seen.taken));
    server.update({{field::threads, seen.threads},
                   {field::processes, seen.processes},
                   {"rss_bytes", nullptr},
                   {field::pss_bytes, nullptr}});
    if (seen.rss_bytes) server["rss_bytes"] = *seen.rss_bytes;
    if (seen.pss_bytes) server[field::pss_bytes] = *seen.pss_bytes;
    return server;
}

server_usage usage_from(nlohmann::json const& report) {
    using number = std::uint64_t;
    server_usage seen;
    if (!report.is_object()) return seen;
    seen.known = true;
    seen.used = {.cpu_ns = report.at(field::cpu_ns).get<number>(),
                 .user_ns = report.at(field::user_ns).get<number>(),
                 .system_ns = report.at(field::system_ns).get<number>(),
                 .busiest_thread_ns = optional_of<number>(report, field::busiest_thread_ns),
                 .working_threads = optional_of<number>(report, field::working_threads),
                 .voluntary_switches = optional_of<number>(report, field::voluntary_switches),
                 .involuntary_switches = optional_of<number>(report, field::involuntary_switches),
                 .minor_faults = report.at(field::minor_faults).get<number>(),
                 .major_faults = report.at(field::major_faults).get<number>(),
                 .run_delay_ns = optional_of<number>(report, field::run_delay_ns)};
    seen.taken = {.stolen = optional_of<double>(report, field::steal_share),
                  .by_foreign_programs = optional_of<double>(report, field::foreign_cpu_share)};
    seen.threads = report.at(field::threads).get<number>();
    seen.processes = report.at(field::processes).get<number>();
    seen.rss_bytes = optional_of<number>(report, "rss_bytes");
    seen.pss_bytes = optional_of<number>(report, field::pss_bytes);
    return seen;
}

} // namespace client
