// SPDX-License-Identifier: MIT
#include "client/distant_edges.hpp"

#include "client/clock.hpp"
#include "client/load/load.hpp"

namespace client {

void distant_edges::open() { tell({{"edge", "open"}}, opened_in_ns_); }

server_usage distant_edges::close(std::uint64_t own_cpu_ns) {
    auto const answer = tell({{"edge", "close"}, {"own_cpu_ns", own_cpu_ns}}, closed_in_ns_);
    auto seen = usage_from(answer.value("server", nlohmann::json()));
    seen.cpus = answer.value("cpus", seen.cpus);
    return seen;
}

nlohmann::json distant_edges::round_trips() const {
    return {{"open_round_trip_ns", opened_in_ns_}, {"close_round_trip_ns", closed_in_ns_}};
}

nlohmann::json distant_edges::tell(nlohmann::json const& request, std::uint64_t& took_ns) {
    auto const began = now_ns();
    auto const answer = agent::say(control_, request) ? said_.next() : nlohmann::json();
    if (answer.is_null()) throw load_error("the control connection was lost");
    took_ns = now_ns() - began;
    return answer;
}

} // namespace client
