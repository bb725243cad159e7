// SPDX-License-Identifier: MIT
#include "proc/cpus.hpp"

#include "facts/errors.hpp"
#include "proc/posix.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>

namespace proc {
namespace {

int parse_cpu(std::string_view flag, std::string_view text) {
    int cpu = -1;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), cpu);
    if (error != std::errc() || end != text.data() + text.size() || cpu < 0) {
        throw facts::usage_error(
            fmt::format("{}: '{}' is no CPU number; write 0,1 or 0-3", flag, text));
    }
    return cpu;
}

} // namespace

std::vector<int> allowed_cpus() { return cpus_of(0); }

std::vector<int> parse_cpus(std::string_view flag, std::string_view list,
                            std::vector<int> const& allowed) {
    std::vector<int> cpus;
    for (std::size_t position = 0; position <= list.size();) {
        auto const comma = std::min(list.find(',', position), list.size());
        auto const item = list.substr(position, comma - position);
        auto const dash = item.find('-');
        auto const first = parse_cpu(flag, item.substr(0, dash));
        auto const last =
            dash == std::string_view::npos ? first : parse_cpu(flag, item.substr(dash + 1));
        for (auto cpu = first; cpu <= last; ++cpu) {
            if (std::find(allowed.begin(), allowed.end(), cpu) == allowed.end()) {
                throw facts::usage_error(fmt::format("{}: this process may not use CPU {}, only {}",
                                                     flag, cpu, fmt::join(allowed, ",")));
            }
            cpus.push_back(cpu);
        }
        position = comma + 1;
    }
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    return cpus;
}

void pin_to(std::vector<int> const& cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (auto const cpu : cpus) {
        CPU_SET(static_cast<std::size_t>(cpu), &set);
    }
    checked(::sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    return limit.rlim_max;
}

} // namespace proc
