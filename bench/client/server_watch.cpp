// SPDX-License-Identifier: MIT
#include "client/server_watch.hpp"

#include "proc/process_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

namespace client {

namespace {

// Indices into /proc/<pid>/stat from field 3 on, see proc(5).
constexpr std::size_t minor_faults_field = 7;
constexpr std::size_t major_faults_field = 9;
constexpr std::size_t user_ticks_field = 11;
constexpr std::size_t system_ticks_field = 12;

[[nodiscard]] std::uint64_t grown(std::uint64_t before, std::uint64_t after) noexcept {
    return after > before ? after - before : 0; // a process that ended took its share along
}

std::uint64_t to_ticks(timeval const& time) {
    static auto const per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(time.tv_sec) * per_second +
           static_cast<std::uint64_t>(time.tv_usec) * per_second / 1'000'000u;
}

std::uint64_t to_ns(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
}

/// Grows with every child that is waited for: no process has ever run without a fault.
std::string waited_for(pid_t process) {
    constexpr std::size_t children_minor_faults_field = 8;
    auto const stat = proc::stat_fields(process);
    return stat.size() > children_minor_faults_field ? stat[children_minor_faults_field] : "";
}

} // namespace

server_watch::server_watch(std::optional<pid_t> server, std::optional<int> account_fd)
    : server_(server) {
    if (server_ && account_fd && *server_ == ::getppid()) asker_.emplace(*account_fd, *server_);
}

void server_watch::open() {
    if (server_) before_ = read();
}

server_watch::counters server_watch::read() const {
    constexpr auto most_attempts = 8;
    for (auto attempt = 1;; ++attempt) {
        auto const before = waited_for(*server_);
        auto const sum = read_once();
        // A child that moved from the living to the waited-for in between counts twice, or not.
        if (waited_for(*server_) == before || attempt == most_attempts) return sum;
    }
}

server_watch::counters server_watch::read_once() const {
    counters sum;
    auto processes = proc::descendants(*server_, {::getpid()});
    processes.push_back(*server_);
    for (auto const process : processes) {
        // The clock first: the walk over the threads takes time, in which the server may go on.
        sum.cpu_ns += proc::process_cpu_ns(process).value_or(0);
    }
    auto const own = asker_ ? asker_->ask() : std::nullopt;
    sum.has_account = own.has_value();
    if (own) {
        sum.cpu_ns += to_ns(own->children.ru_utime) + to_ns(own->children.ru_stime);
        sum.user_ticks += to_ticks(own->children.ru_utime);
        sum.system_ticks += to_ticks(own->children.ru_stime);
        sum.minor_faults += static_cast<std::uint64_t>(own->children.ru_minflt);
        sum.major_faults += static_cast<std::uint64_t>(own->children.ru_majflt);
        for (auto const& part : {own->self, own->children}) {
            sum.voluntary_switches += static_cast<std::uint64_t>(part.ru_nvcsw);
            sum.involuntary_switches += static_cast<std::uint64_t>(part.ru_nivcsw);
        }
    }
    for (auto const process : processes) {
        auto const stat = proc::stat_fields(process);
        if (stat.size() <= system_ticks_field) continue;
        ++sum.processes;
        sum.user_ticks += std::stoull(stat[user_ticks_field]);
        sum.system_ticks += std::stoull(stat[system_ticks_field]);
        sum.minor_faults += std::stoull(stat[minor_faults_field]);
        sum.major_faults += std::stoull(stat[major_faults_field]);
        for (auto const thread : proc::threads_of(process)) {
            if (auto const cpu_ns = proc::thread_cpu_ns(thread)) {
                sum.thread_cpu_ns[thread] = *cpu_ns;
            }
            if (own && process == *server_) continue;
            auto const status =
                proc::read_proc(fmt::format("/proc/{}/task/{}/status", process, thread));
            sum.voluntary_switches +=
                proc::number_after(status, "voluntary_ctxt_switches").value_or(0);
            sum.involuntary_switches +=
                proc::number_after(status, "nonvoluntary_ctxt_switches").value_or(0);
        }
    }
    return sum;
}

server_usage server_watch::close() const {
    server_usage used;
    if (!server_) return used;
    auto const after = read();
    if (after.processes == 0) return used; // it has gone
    used.known = true;
    cpu_set_t allowed;
    if (::sched_getaffinity(*server_, sizeof allowed, &allowed) == 0) {
        used.cpus = static_cast<unsigned>(CPU_COUNT(&allowed));
    }
    used.cpu_ns = grown(before_.cpu_ns, after.cpu_ns);
    // Ticks are coarse: only their proportion is used, the sum comes from the clock.
    auto const user = grown(before_.user_ticks, after.user_ticks);
    auto const system = grown(before_.system_ticks, after.system_ticks);
    auto const user_share =
        user + system == 0 ? 0.0 : static_cast<double>(user) / static_cast<double>(user + system);
    used.user_ns = static_cast<std::uint64_t>(user_share * static_cast<double>(used.cpu_ns));
    used.system_ns = used.cpu_ns - used.user_ns;
    for (auto const& [thread, cpu_ns] : after.thread_cpu_ns) {
        auto const known = before_.thread_cpu_ns.find(thread);
        auto const start_ns = known == before_.thread_cpu_ns.end() ? 0 : known->second;
        used.busiest_thread_ns = std::max(used.busiest_thread_ns, grown(start_ns, cpu_ns));
    }
    used.voluntary_switches = grown(before_.voluntary_switches, after.voluntary_switches);
    used.involuntary_switches = grown(before_.involuntary_switches, after.involuntary_switches);
    used.minor_faults = grown(before_.minor_faults, after.minor_faults);
    used.major_faults = grown(before_.major_faults, after.major_faults);
    used.threads = after.thread_cpu_ns.size();
    used.processes = after.processes;
    used.rss_bytes =
        proc::number_after(proc::read_proc(fmt::format("/proc/{}/status", *server_)), "VmRSS")
            .value_or(0) *
        1024;
    used.pss_bytes = proc::pss_bytes(*server_, {::getpid()});
    return used;
}

} // namespace client
