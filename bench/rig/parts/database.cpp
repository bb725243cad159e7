// SPDX-License-Identifier: MIT
#include "rig/parts/database.hpp"

#include "contract/model.hpp"
#include "facts/errors.hpp"
#include "proc/orphans.hpp"
#include "rig/helper_program.hpp"

#include <array>
#include <sys/socket.h>

namespace rig {
namespace {

std::vector<std::string> size_of(order const& wanted) {
    return {"--seed",        std::to_string(wanted.seed),
            "--rows",        wanted.params.at("rows").dump(),
            "--connections", wanted.params.at("connections").dump()};
}

} // namespace

database::database(order const& wanted, contract::has_database& given) {
    if (wanted.over) {
        start_there(wanted);
    } else {
        start_here(wanted);
    }
    auto const line = next_line();
    if (line.contains("skipped")) {
        throw contract::skipped_error(line["skipped"].get<std::string>());
    }
    connection_string_ = line.value("where", "");
    if (connection_string_.empty()) throw facts::harness_error("the database: " + line.dump());
    given.database = connection_string_.c_str();
}

void database::start_here(order const& wanted) {
    // It leaves this family on purpose: for that moment this process adopts nobody.
    {
        proc::no_adoption const orphaned;
        auto arguments = size_of(wanted);
        arguments.insert(arguments.end(), {"--stop-fd", std::to_string(stop_.read.get()),
                                           "--report-fd", std::to_string(report_.write.get())});
        helper_program starter("switchyard-database", arguments, wanted.cpus,
                               std::vector<int>{stop_.read.get(), report_.write.get()});
        starter.wait();
    }
    // The keeper alone has these from here on.
    stop_.read.reset();
    report_.write.reset();
}

void database::start_there(order const& wanted) {
    try {
        there_.emplace(agent::call(
            wanted.over->agent,
            {.program = "database", .arguments = size_of(wanted), .cpus = wanted.cpus}));
    } catch (agent::unreachable const& error) {
        throw contract::skipped_error(error.what());
    }
}

void database::tell_to_stop() {
    if (there_) {
        ::shutdown(there_->fd.get(), SHUT_WR);
    } else {
        stop_.write.reset();
    }
}

database::~database() {
    tell_to_stop();
    // Its end of the report closes when the server is down and its folder gone.
    auto const from = there_ ? there_->fd.get() : report_.read.get();
    std::array<char, 512> rest;
    ssize_t bytes = 0;
    do {
        bytes = ::read(from, rest.data(), rest.size());
    } while (bytes > 0 || (bytes == -1 && errno == EINTR));
}

account database::finish() {
    tell_to_stop();
    auto const line = next_line();
    if (!line.contains("touched")) throw facts::harness_error("the database: " + line.dump());
    account seen;
    seen.asked = {.requests = line["touched"].get<std::uint64_t>(), .most_in_flight = 0};
    return seen;
}

nlohmann::json database::next_line() {
    if (there_) {
        auto line = there_->lines.next();
        if (line.is_null()) throw contract::skipped_error("the link to the database was lost");
        return line;
    }
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
