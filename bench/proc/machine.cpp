// SPDX-License-Identifier: MIT
#include "proc/machine.hpp"

#include "facts/table/fields.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <sstream>
#include <string>
#include <unistd.h>

namespace proc {

namespace field = facts::field;

namespace {

/// A tick more or less is then 5 % of one CPU's time at most.
constexpr std::uint64_t least_ticks = 20;

std::uint64_t ns_of_a_tick() {
    static auto const ns = 1'000'000'000u / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return ns;
}

} // namespace

std::optional<cpu_times> read_cpu_times(std::vector<int> const& cpus) {
    cpu_times sum;
    sum.at_ns = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                           std::chrono::nanoseconds(1));
    std::size_t found = 0;
    std::istringstream lines(read_proc("/proc/stat"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0;
        std::uint64_t stolen = 0;
        words >> name >> user >> nice >> system >> idle >> wait >> hard >> soft >> stolen;
        if (!words || !name.starts_with("cpu") || name.size() == 3) continue;
        if (std::find(cpus.begin(), cpus.end(), std::stoi(name.substr(3))) == cpus.end()) continue;
        // Interrupts belong to nobody in particular, least of all to a foreign program.
        sum.running += user + nice + system;
        sum.stolen += stolen;
        ++found;
    }
    if (found != cpus.size()) return {};
    return sum;
}

taken taken_between(std::optional<cpu_times> const& before, std::optional<cpu_times> const& after,
                    std::size_t cpus, std::optional<std::uint64_t> own_ns) {
    if (!before || !after || after->at_ns <= before->at_ns) return {};
    auto const length_ns = after->at_ns - before->at_ns;
    if (length_ns < least_ticks * ns_of_a_tick()) return {};
    auto const whole_ns = static_cast<double>(length_ns) * static_cast<double>(cpus);
    auto const share_of = [&](std::uint64_t ticks, std::uint64_t less_ns) {
        auto const ns = static_cast<double>(ticks * ns_of_a_tick()) - static_cast<double>(less_ns);
        return std::clamp(ns / whole_ns, 0.0, 1.0);
    };
    taken shares;
    shares.stolen = share_of(after->stolen - before->stolen, 0);
    if (own_ns) shares.by_foreign_programs = share_of(after->running - before->running, *own_ns);
    return shares;
}

nlohmann::json to_json(taken const& shares) {
    auto const or_null = [](std::optional<double> const& number) {
        return number ? nlohmann::json(*number) : nlohmann::json();
    };
    return {{field::steal_share, or_null(shares.stolen)},
            {field::foreign_cpu_share, or_null(shares.by_foreign_programs)}};
}

} // namespace proc
