// SPDX-License-Identifier: MIT
#include "rig/parts/backend.hpp"

#include "contract/model.hpp"
#include "facts/table/fields.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rig {

namespace field = facts::field;
namespace {

/// From here on the backend's own speed shapes what is measured.
constexpr double most_backend_share = 0.9;

facts::judgement judge(nlohmann::json const& report) {
    auto const share = report.value("share", 0.0);
    if (share <= most_backend_share) return {};
    return {facts::verdict::rig_limited,
            fmt::format("the backend used {:.0f} % of its CPU", share * 100)};
}

} // namespace

backend::backend(order const& wanted, std::string_view service,
                 std::span<std::string_view const> options, contract::has_backend& given) {
    if (wanted.over) {
        throw contract::skipped_error("its backend answers on 127.0.0.1, beside the model: measure "
                                      "it without a link");
    }
    std::vector<std::string> arguments{std::string(service),
                                       "--seed",
                                       std::to_string(wanted.seed),
                                       "--listen-fd",
                                       std::to_string(listener_.socket.get()),
                                       "--stop-fd",
                                       std::to_string(stop_.read.get()),
                                       "--report-fd",
                                       std::to_string(report_.fd())};
    for (auto const param : options) {
        auto option = fmt::format("--{}", param);
        std::replace(option.begin(), option.end(), '_', '-');
        arguments.push_back(std::move(option));
        arguments.push_back(wanted.params.at(std::string(param)).dump());
    }
    program_.emplace("switchyard-backend", arguments, wanted.cpus,
                     std::vector<int>{listener_.socket.get(), stop_.read.get(), report_.fd()});
    // The backend alone listens and reads from here on.
    listener_.socket.reset();
    stop_.read.reset();
    given.backend_port = listener_.port;
}

account backend::finish() {
    stop_.write.reset();
    auto const report = report_.read(program_->wait());
    account seen;
    seen.found = judge(report);
    seen.asked = {.requests = report.value("requests", std::uint64_t{0}),
                  .most_in_flight = report.value("most_in_flight", std::uint64_t{0})};
    if (auto const questions = report.find("questions"); questions != report.end()) {
        seen.asked->first = questions->at("first");
        seen.asked->again = questions->at("again");
        seen.asked->slow = questions->at("slow");
        seen.asked->slow_again = questions->at("slow_again");
    }
    seen.fields[field::backend] = report;
    return seen;
}

} // namespace rig
