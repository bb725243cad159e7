// SPDX-License-Identifier: MIT
#include "rig/parts/load_generator.hpp"

#include "agent/call.hpp"
#include "contract/model.hpp"
#include "facts/errors.hpp"
#include "facts/table/fields.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rig {

namespace field = facts::field;
namespace {

/// A tenth of the measured messages for each warm-up that was asked for, and one a connection at
/// least.
std::uint64_t warm_up_messages(order const& wanted) {
    auto const& params = wanted.params;
    auto const messages = params.at("messages").get<std::uint64_t>();
    auto const connections = params.at("connections").get<std::uint64_t>();
    return wanted.warm_up * std::max(connections, messages / 10);
}

/// The load generator gives up before the watchdog does, so that its report says why.
std::string client_timeout_s(order const& wanted) {
    auto const seconds = std::chrono::duration<double>(wanted.timeout).count() * 0.9;
    return std::to_string(std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds)));
}

/// The load generator's report in the fields of a sample.
nlohmann::json sample_fields(nlohmann::json const& report) {
    nlohmann::json fields{{field::run_ns, report.at("window_ns")},
                          {field::latency, report.at(field::latency)}};
    auto const server = report.value("server", nlohmann::json::object());
    for (auto const* field :
         {field::cpu_ns, field::user_ns, field::system_ns, field::busiest_thread_ns,
          field::working_threads, field::voluntary_switches, field::involuntary_switches,
          field::minor_faults, field::major_faults, field::run_delay_ns, field::steal_share,
          field::foreign_cpu_share, field::threads, field::processes, field::pss_bytes}) {
        if (server.contains(field)) fields[field] = server[field];
    }
    fields[field::client] = report;
    fields[field::client].erase(field::latency);
    fields[field::client].erase("server");
    return fields;
}

facts::judgement judge(nlohmann::json const& report) {
    auto const name = report.value(field::verdict, "");
    auto const given = facts::verdict_named(name);
    if (!given) {
        throw facts::harness_error(fmt::format("the load generator gave the verdict '{}'", name));
    }
    return {*given, report.value(field::reason, "")};
}

std::uint64_t threads_under_load(nlohmann::json const& report) {
    auto const server = report.find("server");
    if (server == report.end() || !server->is_object()) return 0;
    return server->value(field::threads, std::uint64_t{0});
}

/// The shortest time from the send of a message to its answer; 0 if there was none.
std::uint64_t least_ns(nlohmann::json const& report) {
    auto const service = report.value("service", nlohmann::json::object());
    auto const least = service.find(field::min_ns);
    return least == service.end() || least->is_null() ? 0 : least->get<std::uint64_t>();
}

oracle::served served_by(nlohmann::json const& report) {
    auto const dear = report.value("dear", nlohmann::json::object());
    return {.connections = report.value("connections", std::uint64_t{0}),
            .bytes = report.value("bytes_received", std::uint64_t{0}) +
                     report.value("warm_up_bytes", std::uint64_t{0}),
            .dear = dear.value("requests", std::uint64_t{0}),
            .least_dear_ns = dear.value("least_ns", std::uint64_t{0}),
            .least_ns = least_ns(report)};
}

} // namespace

load_generator::load_generator(order const& wanted, contract::has_listener& given)
    : listener_(wanted.over ? make_listener(wanted.over->address) : make_listener()) {
    auto const& params = wanted.params;
    std::vector<std::string> arguments{std::string(wanted.workload)};
    auto const add = [&](char const* flag, std::string const& value) {
        arguments.insert(arguments.end(), {flag, value});
    };
    add("--port", std::to_string(listener_.port));
    if (wanted.over) {
        add("--server-address", agent::address_text(wanted.over->address));
        add("--agent", wanted.over->agent);
    }
    add("--connections", params.at("connections").dump());
    add("--messages", params.at("messages").dump());
    add("--seed", std::to_string(wanted.seed));
    for (auto const* const field : {"message_bytes", "dear_percent", "pipeline", "body_bytes",
                                    "backends", "answer_bytes", "slow_every"}) {
        auto flag = "--" + std::string(field);
        std::replace(flag.begin(), flag.end(), '_', '-');
        if (params.contains(field)) add(flag.c_str(), params.at(field).dump());
    }
    if (params.value("rate_per_s", 0) != 0) add("--rate-per-s", params.at("rate_per_s").dump());
    if (params.value("poisson", 0) != 0) arguments.push_back("--poisson");
    if (params.value("surge_percent", 100) != 100) {
        add("--surge-percent", params.at("surge_percent").dump());
    }
    if (params.value("burst", 1) != 1) add("--burst", params.at("burst").dump());
    add("--warm-up", std::to_string(warm_up_messages(wanted)));
    auto inherited = std::vector<int>{go_.read.get(), stop_.write.get(), report_.fd()};
    if (account_.fd() != -1) {
        add("--account-fd", std::to_string(account_.fd()));
        inherited.push_back(account_.fd());
    }
    add("--go-fd", std::to_string(go_.read.get()));
    add("--stop-fd", std::to_string(stop_.write.get()));
    add("--report-fd", std::to_string(report_.fd()));
    add("--timeout", client_timeout_s(wanted));
    program_.emplace("switchyard-client", arguments, wanted.cpus, inherited);
    // The load generator alone holds this from here on: its end ends the server, too. The other
    // pipe stays open at both ends, so that `go` raises no SIGPIPE if the load generator is gone.
    stop_.write.reset();
    given.listen_fd = listener_.socket.get();
    given.stop_fd = stop_.read.get();
}

void load_generator::go(pid_t measured, std::vector<pid_t> const& programs) {
    // Written, not closed: children of the model may hold copies of this end.
    auto line = std::to_string(measured);
    for (auto const each : programs) {
        line += fmt::format(" {}", each);
    }
    line += '\n';
    proc::checked(::write(go_.write.get(), line.data(), line.size()),
                  "start of the load generator");
}

account load_generator::finish() {
    auto const report = report_.read(program_->wait());
    // Nothing is known of the model: the way to it was cut.
    if (report.contains("lost")) {
        throw contract::skipped_error("the load generator was lost: " +
                                      report["lost"].get<std::string>());
    }
    return {.fields = sample_fields(report),
            .found = judge(report),
            .asked = {},
            .served = served_by(report),
            .threads = threads_under_load(report)};
}

} // namespace rig
