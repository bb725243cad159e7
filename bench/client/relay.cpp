// SPDX-License-Identifier: MIT
#include "client/relay.hpp"

#include "agent/call.hpp"
#include "client/server_watch.hpp"
#include "proc/process_tree.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace client {
namespace {

nlohmann::json lost(std::string const& why) { return {{"schema", 1}, {"lost", why}}; }

/// Answers the load generator until it has reported.
nlohmann::json attend(agent::control& with, server_watch& watch) {
    for (;;) {
        auto line = with.lines.next();
        if (line.is_null()) return lost("it ended, or the link did, before its report");
        if (line.contains("report")) return line["report"];
        if (line.contains("lost")) return lost(line["lost"].get<std::string>());
        if (line.contains("failed")) return line;
        auto answer = nlohmann::json::object();
        if (line.value("edge", "") == "open") {
            watch.open();
        } else {
            auto const seen = watch.close(line.value("own_cpu_ns", std::uint64_t{0}));
            answer = {{"server", to_json(seen)}, {"cpus", seen.cpus}};
        }
        if (!agent::say(with.fd.get(), answer)) return lost("the link to it was lost");
    }
}

} // namespace

nlohmann::json relay(relayed const& wanted) {
    try {
        auto with =
            agent::call(wanted.agent,
                        {.program = "client", .arguments = wanted.load, .cpus = proc::cpus_of(0)});
        server_watch watch(wanted.go(), wanted.account_fd);
        constexpr char begin = '\n';
        if (::send(with.fd.get(), &begin, 1, MSG_NOSIGNAL) != 1) {
            return lost("the link to it was lost");
        }
        return attend(with, watch);
    } catch (agent::unreachable const& error) {
        return lost(error.what());
    }
}

} // namespace client
