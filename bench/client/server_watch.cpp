// SPDX-License-Identifier: MIT
#include "client/server_watch.hpp"

#include "proc/memory.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <system_error>
#include <unistd.h>

namespace client {
namespace {

std::vector<int> cpus_of_server(pid_t server) {
    try {
        return proc::cpus_of(server);
    } catch (std::system_error const&) {
        return {}; // it has gone
    }
}

/// What the suite itself used of the server's CPUs; none if it ran partly there, or there with
/// other programs of the harness (not `alone`).
std::optional<std::uint64_t> used_by_suite(std::vector<int> const& of_server, bool alone,
                                           std::uint64_t server_ns, std::uint64_t own_ns) {
    auto const own = proc::cpus_of(0);
    std::vector<int> common;
    std::set_intersection(own.begin(), own.end(), of_server.begin(), of_server.end(),
                          std::back_inserter(common));
    if (common.empty()) return server_ns;
    if (common.size() == own.size() && alone) return server_ns + own_ns;
    return {};
}

} // namespace

server_watch::server_watch(watched whom, std::optional<int> account_fd)
    : server_(whom.server), programs_(std::move(whom.programs)) {
    programs_.push_back(::getpid());
    if (!server_) return;
    if (account_fd && *server_ == ::getppid()) asker_.emplace(*account_fd, *server_);
    reader_.emplace(*server_, programs_, [this] { return asker_ ? asker_->ask() : std::nullopt; });
    cpus_ = cpus_of_server(*server_);
}

void server_watch::open() {
    if (!server_) return;
    cpu_times_before_ = proc::read_cpu_times(cpus_);
    before_ = reader_->read(proc::edge::opening);
}

server_usage server_watch::close(std::uint64_t own_cpu_ns) {
    server_usage seen;
    if (!server_) return seen;
    auto const after = reader_->read(proc::edge::closing);
    auto const cpu_times = proc::read_cpu_times(cpus_);
    if (after.processes == 0) return seen; // it has gone
    seen.known = true;
    seen.cpus = std::max<std::size_t>(1, cpus_.size());
    seen.used = proc::usage_between(before_, after);
    seen.taken = proc::taken_between(
        cpu_times_before_, cpu_times, cpus_.size(),
        used_by_suite(cpus_, programs_.size() == 1, seen.used.cpu_ns, own_cpu_ns));
    seen.threads = proc::count_live_threads(*server_, programs_);
    seen.processes = after.processes;
    seen.rss_bytes = proc::memory_of(*server_).rss_bytes;
    seen.pss_bytes = proc::pss_bytes(*server_, programs_);
    return seen;
}

} // namespace client
