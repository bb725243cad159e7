// SPDX-License-Identifier: MIT
#include "child_limit.hpp"

#include "contract/model.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace process {
namespace {

/// For the rest of the machine, whose threads come and go meanwhile.
constexpr std::uint64_t reserve = 256;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
/// Page tables, kernel stack and the pages that a child writes.
constexpr std::uint64_t bytes_a_child = 256 * 1'024;

struct limit {
    std::uint64_t left;
    std::string name;
};

/// The number at the start of a file; none if it is absent or says "max".
std::optional<std::uint64_t> number_in(std::filesystem::path const& path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    if (file >> value) return value;
    return {};
}

std::uint64_t minus(std::uint64_t limit, std::uint64_t used) {
    return limit - std::min(limit, used);
}

/// Threads alive on this machine: the second number of the fourth field, "running/alive".
std::uint64_t threads_alive() {
    std::ifstream file("/proc/loadavg");
    std::string field;
    for (int i = 0; i < 4; ++i) {
        file >> field;
    }
    auto const slash = field.find('/');
    return slash == std::string::npos ? 0 : std::stoull(field.substr(slash + 1));
}

std::uint64_t available_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    while (file >> key) {
        std::uint64_t kibibytes = 0;
        if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * 1'024;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return unlimited;
}

/// The tightest pids.max on the way from this process's control group to the root, of version 1
/// or 2.
void consider_control_groups(limit& tightest) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        auto const first = line.find(':');
        auto const second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        auto const controllers = line.substr(first + 1, second - first - 1);
        std::filesystem::path root = "/sys/fs/cgroup";
        if (controllers == "pids") {
            root /= "pids";
        } else if (!controllers.empty()) {
            continue;
        }
        for (auto group = std::filesystem::path(line.substr(second + 1));;
             group = group.parent_path()) {
            auto const folder = root / group.relative_path();
            if (auto const most = number_in(folder / "pids.max")) {
                auto const left = minus(*most, number_in(folder / "pids.current").value_or(0));
                if (left < tightest.left) tightest = {left, (folder / "pids.max").string()};
            }
            if (!group.has_relative_path()) break;
        }
    }
}

limit tightest_limit() {
    auto const alive = threads_alive();
    limit tightest{most_children + reserve, "this model's own limit"};
    auto const consider = [&](std::uint64_t left, char const* name) {
        if (left < tightest.left) tightest = {left, name};
    };
    rlimit processes{};
    // Not enforced for root, as setrlimit(2) says of RLIMIT_NPROC.
    if (::geteuid() != 0 && ::getrlimit(RLIMIT_NPROC, &processes) == 0 &&
        processes.rlim_cur != RLIM_INFINITY) {
        consider(minus(processes.rlim_cur, alive), "RLIMIT_NPROC (ulimit -u)");
    }
    for (auto const* path : {"/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"}) {
        if (auto const most = number_in(path)) consider(minus(*most, alive), path);
    }
    consider(available_bytes() / bytes_a_child, "MemAvailable of /proc/meminfo");
    consider_control_groups(tightest);
    tightest.left = minus(tightest.left, reserve);
    return tightest;
}

} // namespace

void require_children(std::uint64_t count, std::string_view per_what) {
    auto const limit = tightest_limit();
    if (count <= limit.left) return;
    throw contract::declined_error("one child process per " + std::string(per_what) + ": " +
                                   std::to_string(count) + " exceed the " +
                                   std::to_string(limit.left) + " that " + limit.name + " allows");
}

} // namespace process
