// SPDX-License-Identifier: MIT
#include "proc/usage.hpp"

#include "facts/table/fields.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace proc {

namespace field = facts::field;
namespace {

std::uint64_t to_ns(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
}

std::uint64_t ticks_to_ns(std::string const& ticks) {
    static auto const per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return std::stoull(ticks) * (1'000'000'000u / per_second);
}

void add(usage& sum, rusage const& used) {
    sum.user_ns += to_ns(used.ru_utime);
    sum.voluntary_switches += static_cast<std::uint64_t>(used.ru_nvcsw);
    sum.involuntary_switches += static_cast<std::uint64_t>(used.ru_nivcsw);
    sum.minor_faults += static_cast<std::uint64_t>(used.ru_minflt);
    sum.major_faults += static_cast<std::uint64_t>(used.ru_majflt);
}

void add_threads(usage& sum, pid_t process) {
    for (auto const thread : threads_of(process)) {
        if (auto const cpu_ns = thread_cpu_ns(thread)) sum.thread_cpu_ns[thread] = *cpu_ns;
    }
}

void add_living(usage& sum, pid_t process) {
    auto const fields = stat_fields(process);
    auto const cpu_ns = process_cpu_ns(process);
    // Indices into proc(5)'s stat from field 3 on: minflt is field 10, cstime field 17.
    if (fields.size() < 15 || !cpu_ns) return;
    auto const user_ns = ticks_to_ns(fields[11]);
    auto const system_ns = ticks_to_ns(fields[12]);
    sum.cpu_ns += *cpu_ns + ticks_to_ns(fields[13]) + ticks_to_ns(fields[14]);
    // The kernel's ticks are coarse and its clock is not: take the proportion from the ticks only.
    auto const share = user_ns + system_ns == 0 ? 0.0
                                                : static_cast<double>(user_ns) /
                                                      static_cast<double>(user_ns + system_ns);
    sum.user_ns +=
        static_cast<std::uint64_t>(share * static_cast<double>(*cpu_ns)) + ticks_to_ns(fields[13]);
    sum.minor_faults += std::stoull(fields[7]) + std::stoull(fields[8]);
    sum.major_faults += std::stoull(fields[9]) + std::stoull(fields[10]);
    for (auto const thread : threads_of(process)) {
        auto const status = read_proc(fmt::format("/proc/{}/task/{}/status", process, thread));
        sum.voluntary_switches += number_after(status, "voluntary_ctxt_switches").value_or(0);
        sum.involuntary_switches += number_after(status, "nonvoluntary_ctxt_switches").value_or(0);
    }
}

void add_switches_and_faults(usage& sum) {
    add_threads(sum, ::getpid());
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    add(sum, used);
    sum.cpu_ns += to_ns(used.ru_utime) + to_ns(used.ru_stime);
    ::getrusage(RUSAGE_SELF, &used);
    add(sum, used);
}

/// Its own clocks of this thread and this process.
void add_own_clocks(usage& sum) {
    auto const process_ns = process_cpu_ns(::getpid());
    auto const thread = ::gettid();
    if (auto const thread_ns = proc::thread_cpu_ns(thread)) sum.thread_cpu_ns[thread] = *thread_ns;
    sum.cpu_ns += process_ns.value_or(0);
}

std::uint64_t grown(std::uint64_t before, std::uint64_t after) {
    // Sources of different grain (microseconds of the dead, nanoseconds of the living) may make a
    // tiny difference negative.
    return after > before ? after - before : 0;
}

} // namespace

usage read_usage(edge at, std::vector<pid_t> const& except) {
    usage own;
    usage sum;
    if (at == edge::closing) add_own_clocks(own);
    for (auto const child : descendants(::getpid(), except)) {
        add_living(sum, child);
        add_threads(sum, child);
    }
    add_switches_and_faults(sum);
    if (at == edge::opening) add_own_clocks(own);
    sum.cpu_ns += own.cpu_ns;
    for (auto const& [thread, cpu_ns] : own.thread_cpu_ns) {
        sum.thread_cpu_ns[thread] = cpu_ns;
    }
    return sum;
}

nlohmann::json usage_between(usage const& before, usage const& after) {
    auto const cpu_ns = grown(before.cpu_ns, after.cpu_ns);
    auto const user_ns = std::min(cpu_ns, grown(before.user_ns, after.user_ns));
    std::uint64_t busiest_ns = 0;
    std::uint64_t living_ns = 0;
    for (auto const& [thread, used_ns] : after.thread_cpu_ns) {
        auto const known = before.thread_cpu_ns.find(thread);
        auto const in_between =
            grown(known == before.thread_cpu_ns.end() ? 0 : known->second, used_ns);
        busiest_ns = std::max(busiest_ns, in_between);
        living_ns += in_between;
    }
    nlohmann::json fields{
        {field::cpu_ns, cpu_ns},
        {field::user_ns, user_ns},
        {field::system_ns, cpu_ns - user_ns},
        {field::busiest_thread_ns, busiest_ns},
        {field::voluntary_switches, grown(before.voluntary_switches, after.voluntary_switches)},
        {field::involuntary_switches,
         grown(before.involuntary_switches, after.involuntary_switches)},
        {field::minor_faults, grown(before.minor_faults, after.minor_faults)},
        {field::major_faults, grown(before.major_faults, after.major_faults)},
    };
    // Threads that ended in between took their clocks along; one of them may have been the busiest.
    if (grown(living_ns, cpu_ns) > busiest_ns) fields[field::busiest_thread_ns] = nullptr;
    return fields;
}

} // namespace proc
