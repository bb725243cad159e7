// SPDX-License-Identifier: MIT
#include "cell/measure_batch.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace cell {
namespace {

/// From here on the backend's own speed shapes what is measured.
constexpr double most_backend_share = 0.9;

} // namespace

backend_rig::backend_rig(setting const& where, std::string_view service,
                         std::span<std::string_view const> options) {
    std::vector<std::string> arguments{std::string(service),
                                       "--seed",
                                       std::to_string(where.given().seed),
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
        arguments.push_back(where.identity["params"].at(std::string(param)).dump());
    }
    program_.emplace("switchyard-backend", arguments, where.client_cpus,
                     std::vector<int>{listener_.socket.get(), stop_.read.get(), report_.fd()});
    // The backend alone listens and reads from here on.
    listener_.socket.reset();
    stop_.read.reset();
}

nlohmann::json backend_rig::finish() {
    stop_.write.reset();
    return report_.read(program_->wait());
}

judgement judge_backend(nlohmann::json const& report) {
    auto const share = report.value("share", 0.0);
    if (share <= most_backend_share) return {};
    return {verdict::rig_limited, fmt::format("the backend used {:.0f} % of its CPU", share * 100)};
}

} // namespace cell
