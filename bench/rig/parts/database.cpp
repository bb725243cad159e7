// SPDX-License-Identifier: MIT
#include "rig/parts/database.hpp"

#include "contract/model.hpp"
#include "facts/errors.hpp"
#include "proc/orphans.hpp"
#include "rig/helper_program.hpp"

#include <array>

namespace rig {

database::database(order const& wanted, contract::has_database& given) {
    // It leaves this family on purpose: for that moment this process adopts nobody.
    {
        proc::no_adoption const orphaned;
        helper_program starter(
            "switchyard-database",
            {"--seed", std::to_string(wanted.seed), "--rows", wanted.params.at("rows").dump(),
             "--connections", wanted.params.at("connections").dump(), "--stop-fd",
             std::to_string(stop_.read.get()), "--report-fd", std::to_string(report_.write.get())},
            wanted.cpus, std::vector<int>{stop_.read.get(), report_.write.get()});
        starter.wait();
    }
    // The keeper alone has these from here on.
    stop_.read.reset();
    report_.write.reset();
    auto const line = next_line();
    if (line.contains("skipped")) {
        throw contract::skipped_error(line["skipped"].get<std::string>());
    }
    connection_string_ = line.value("where", "");
    if (connection_string_.empty()) throw facts::harness_error("the database: " + line.dump());
    given.database = connection_string_.c_str();
}

database::~database() {
    stop_.write.reset();
    // Its end of the report closes when the server is down and its folder gone.
    std::array<char, 512> rest;
    ssize_t bytes = 0;
    do {
        bytes = ::read(report_.read.get(), rest.data(), rest.size());
    } while (bytes > 0 || (bytes == -1 && errno == EINTR));
}

account database::finish() {
    stop_.write.reset();
    auto const line = next_line();
    if (!line.contains("touched")) throw facts::harness_error("the database: " + line.dump());
    account seen;
    seen.asked = {.requests = line["touched"].get<std::uint64_t>(), .most_in_flight = 0};
    return seen;
}

nlohmann::json database::next_line() {
    for (;;) {
        if (auto const end = unread_.find('\n'); end != std::string::npos) {
            auto line = nlohmann::json::parse(unread_.substr(0, end), nullptr, false);
            unread_.erase(0, end + 1);
            if (line.is_object() && line.value("schema", 0) == 1) return line;
            throw facts::harness_error("switchyard-database: a line that cannot be read");
        }
        std::array<char, 512> some;
        auto const bytes = ::read(report_.read.get(), some.data(), some.size());
        if (bytes == -1 && errno == EINTR) continue;
        if (bytes <= 0) throw facts::harness_error("switchyard-database ended without a report");
        unread_.append(some.data(), static_cast<std::size_t>(bytes));
    }
}

} // namespace rig
