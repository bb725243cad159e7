// SPDX-License-Identifier: MIT
#include "proc/usage.hpp"

#include "facts/table/fields.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

namespace proc {

namespace field = facts::field;

namespace {

/// How often a snapshot is taken anew because a child was waited for meanwhile.
constexpr int most_attempts = 8;

std::uint64_t to_ns(timeval const& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
}

std::uint64_t ticks_to_ns(std::uint64_t ticks) {
    static auto const per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return ticks * (1'000'000'000u / per_second);
}

/// Coarse times of the kernel say how an exact one divides.
std::uint64_t share_of(std::uint64_t exact_ns, std::uint64_t user, std::uint64_t system) {
    if (user + system == 0) return 0;
    return static_cast<std::uint64_t>(static_cast<double>(exact_ns) * static_cast<double>(user) /
                                      static_cast<double>(user + system));
}

/// The numbers of /proc/<pid>/stat that are used here.
struct process_stat {
    std::uint64_t minor_faults, children_minor_faults, major_faults, children_major_faults;
    std::uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
};

std::optional<process_stat> stat_of(pid_t process) {
    auto const fields = stat_fields(process);
    // Indices from field 3 of proc(5) on: minflt is field 10, cstime field 17.
    if (fields.size() < 15) return {};
    auto const number = [&](std::size_t index) { return std::stoull(fields[index]); };
    return process_stat{number(7),
                        number(8),
                        number(9),
                        number(10),
                        ticks_to_ns(number(11)),
                        ticks_to_ns(number(12)),
                        ticks_to_ns(number(13)),
                        ticks_to_ns(number(14))};
}

/// Grows with every child that is waited for: no process has ever run without a fault.
std::uint64_t waited_for(pid_t process) {
    auto const stat = stat_of(process);
    return stat ? stat->children_minor_faults : 0;
}

/// One process as the files of /proc show it.
struct process_view {
    std::optional<process_stat> stat;
    std::map<pid_t, thread_times> threads;
    std::uint64_t ended_threads_ns = 0;
    std::uint64_t voluntary_switches = 0; ///< of its living threads
    std::uint64_t involuntary_switches = 0;
    bool has_run_delay = true;
};

void look_at_threads(process_view& view, pid_t process) {
    // Before those of the threads, which may go on meanwhile: what is more here has ended.
    auto const whole_ns = process_cpu_ns(process).value_or(0);
    std::uint64_t living_ns = 0;
    for (auto const thread : threads_of(process)) {
        auto const cpu_ns = thread_cpu_ns(thread);
        if (!cpu_ns) continue;
        auto const delay_ns = thread_run_delay_ns(process, thread);
        if (!delay_ns) view.has_run_delay = false;
        view.threads[thread] = {*cpu_ns, delay_ns.value_or(0)};
        living_ns += *cpu_ns;
    }
    view.ended_threads_ns = whole_ns > living_ns ? whole_ns - living_ns : 0;
}

void look_at_switches(process_view& view, pid_t process) {
    for (auto const& [thread, times] : view.threads) {
        auto const status = read_proc(fmt::format("/proc/{}/task/{}/status", process, thread));
        view.voluntary_switches += number_after(status, "voluntary_ctxt_switches").value_or(0);
        view.involuntary_switches += number_after(status, "nonvoluntary_ctxt_switches").value_or(0);
    }
}

/// `accounts`: the process itself says what else there is to know.
process_view look_at(pid_t process, bool accounts) {
    process_view view;
    look_at_threads(view, process);
    if (accounts) return view;
    look_at_switches(view, process);
    view.stat = stat_of(process);
    return view;
}

void add_threads(usage& sum, process_view const& view) {
    if (view.threads.empty()) return; // it has gone
    sum.threads.insert(view.threads.begin(), view.threads.end());
    sum.has_run_delay = sum.has_run_delay && view.has_run_delay;
    ++sum.processes;
}

/// A process that does not account for itself, and the children that it has waited for.
void add_seen_from_outside(usage& sum, process_view const& view, std::uint64_t cpu_ns) {
    if (!view.stat) return; // it has gone
    auto const& stat = *view.stat;
    auto const children_ns = stat.children_user_ns + stat.children_system_ns;
    sum.cpu_ns += cpu_ns + children_ns;
    sum.user_ns += share_of(cpu_ns, stat.user_ns, stat.system_ns) + stat.children_user_ns;
    sum.minor_faults += stat.minor_faults + stat.children_minor_faults;
    sum.major_faults += stat.major_faults + stat.children_major_faults;
    sum.voluntary_switches += view.voluntary_switches;
    sum.involuntary_switches += view.involuntary_switches;
    sum.unaccounted_ns += children_ns + view.ended_threads_ns;
}

/// A process that does.
void add_account(usage& sum, account const& own, std::uint64_t cpu_ns) {
    auto const children_user_ns = to_ns(own.children.ru_utime);
    sum.cpu_ns += cpu_ns + children_user_ns + to_ns(own.children.ru_stime);
    sum.user_ns += share_of(cpu_ns, to_ns(own.self.ru_utime), to_ns(own.self.ru_stime));
    sum.user_ns += children_user_ns;
    for (auto const& part : {own.self, own.children}) {
        sum.voluntary_switches += static_cast<std::uint64_t>(part.ru_nvcsw);
        sum.involuntary_switches += static_cast<std::uint64_t>(part.ru_nivcsw);
        sum.minor_faults += static_cast<std::uint64_t>(part.ru_minflt);
        sum.major_faults += static_cast<std::uint64_t>(part.ru_majflt);
    }
}

std::uint64_t grown(std::uint64_t before, std::uint64_t after) {
    // Sources of different grain (microseconds of the dead, nanoseconds of the living) may make a
    // tiny difference negative.
    return after > before ? after - before : 0;
}

/// So little CPU time that what else it hides is within what a number may be off.
bool is_negligible(std::uint64_t part_ns, std::uint64_t whole_ns) {
    return part_ns <= whole_ns / 20;
}

/// Those with at least a tenth of what the busiest used: a thread that only waits is none of them.
std::uint64_t count_working(std::vector<std::uint64_t> const& by_thread_ns,
                            std::uint64_t busiest_ns) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        by_thread_ns, [&](auto used_ns) { return used_ns != 0 && used_ns >= busiest_ns / 10; }));
}

} // namespace

usage_reader::usage_reader(pid_t root, std::vector<pid_t> except)
    : usage_reader(root, std::move(except), [root] {
          return root == ::getpid() ? std::optional(own_account()) : std::nullopt;
      }) {}

usage_reader::usage_reader(pid_t root, std::vector<pid_t> except,
                           std::function<std::optional<account>()> ask)
    : root_(root), except_(std::move(except)), ask_(std::move(ask)) {}

/// A tree, read while its root waits, or is this process.
struct usage_reader::tree_view {
    std::map<pid_t, process_view> processes;
    std::map<pid_t, std::uint64_t> clocks; ///< of the descendants
    std::optional<account> of_root;
};

usage_reader::tree_view usage_reader::look_around(edge moment) const {
    tree_view seen;
    auto const living = descendants(root_, except_);
    auto const read_clocks = [&] {
        for (auto const child : living) {
            seen.clocks[child] = process_cpu_ns(child).value_or(0);
        }
    };
    if (moment == edge::closing) read_clocks();
    for (auto const child : living) {
        seen.processes[child] = look_at(child, false);
    }
    seen.of_root = ask_();
    seen.processes[root_] = look_at(root_, seen.of_root.has_value());
    if (moment == edge::opening) read_clocks();
    return seen;
}

usage usage_reader::read(edge moment) const {
    auto const is_own = root_ == ::getpid();
    auto const this_thread = ::gettid();
    std::uint64_t root_ns = 0;
    std::uint64_t this_thread_ns = 0;
    auto const read_clock_of_root = [&] {
        root_ns = process_cpu_ns(root_).value_or(0);
        if (is_own) this_thread_ns = thread_cpu_ns(this_thread).value_or(0);
    };
    // Next to the edge comes the clock alone: the walk is no part of what it measures.
    if (moment == edge::closing) read_clock_of_root();
    tree_view seen;
    for (auto attempt = 1; attempt <= most_attempts; ++attempt) {
        auto const before = waited_for(root_);
        seen = look_around(moment);
        // A child that moved from the living to the waited-for in between counts twice, or not.
        if (waited_for(root_) == before) break;
    }
    usage sum;
    for (auto const& [process, view] : seen.processes) {
        add_threads(sum, view);
        if (process != root_) add_seen_from_outside(sum, view, seen.clocks[process]);
    }
    sum.has_account = seen.of_root.has_value();
    if (moment == edge::opening) read_clock_of_root();
    if (seen.of_root) {
        add_account(sum, *seen.of_root, root_ns);
    } else {
        add_seen_from_outside(sum, seen.processes[root_], root_ns);
    }
    if (is_own) sum.threads[this_thread].cpu_ns = this_thread_ns;
    return sum;
}

used usage_between(usage const& before, usage const& after) {
    used in_between;
    in_between.cpu_ns = grown(before.cpu_ns, after.cpu_ns);
    in_between.user_ns = std::min(in_between.cpu_ns, grown(before.user_ns, after.user_ns));
    in_between.system_ns = in_between.cpu_ns - in_between.user_ns;
    in_between.minor_faults = grown(before.minor_faults, after.minor_faults);
    in_between.major_faults = grown(before.major_faults, after.major_faults);
    std::uint64_t busiest_ns = 0;
    std::uint64_t living_ns = 0;
    std::uint64_t delay_ns = 0;
    std::vector<std::uint64_t> by_thread_ns;
    for (auto const& [thread, now] : after.threads) {
        auto const known = before.threads.find(thread);
        auto const then = known == before.threads.end() ? thread_times{} : known->second;
        auto const cpu_ns = grown(then.cpu_ns, now.cpu_ns);
        by_thread_ns.push_back(cpu_ns);
        busiest_ns = std::max(busiest_ns, cpu_ns);
        living_ns += cpu_ns;
        delay_ns += grown(then.run_delay_ns, now.run_delay_ns);
    }
    // Threads that ended in between took their clocks along; one of them may have been the busiest.
    auto const ended_ns = grown(living_ns, in_between.cpu_ns);
    if (ended_ns <= busiest_ns) {
        in_between.busiest_thread_ns = busiest_ns;
        in_between.working_threads = count_working(by_thread_ns, busiest_ns);
    }
    if (after.has_run_delay && is_negligible(ended_ns, in_between.cpu_ns)) {
        in_between.run_delay_ns = delay_ns;
    }
    auto const unaccounted_ns = std::max(grown(before.unaccounted_ns, after.unaccounted_ns),
                                         grown(after.unaccounted_ns, before.unaccounted_ns));
    if (before.has_account == after.has_account &&
        is_negligible(unaccounted_ns, in_between.cpu_ns)) {
        in_between.voluntary_switches = grown(before.voluntary_switches, after.voluntary_switches);
        in_between.involuntary_switches =
            grown(before.involuntary_switches, after.involuntary_switches);
    }
    return in_between;
}

nlohmann::json to_json(used const& known) {
    auto const or_null = [](std::optional<std::uint64_t> const& number) {
        return number ? nlohmann::json(*number) : nlohmann::json();
    };
    return {{field::cpu_ns, known.cpu_ns},
            {field::user_ns, known.user_ns},
            {field::system_ns, known.system_ns},
            {field::busiest_thread_ns, or_null(known.busiest_thread_ns)},
            {field::working_threads, or_null(known.working_threads)},
            {field::voluntary_switches, or_null(known.voluntary_switches)},
            {field::involuntary_switches, or_null(known.involuntary_switches)},
            {field::minor_faults, known.minor_faults},
            {field::major_faults, known.major_faults},
            {field::run_delay_ns, or_null(known.run_delay_ns)}};
}

} // namespace proc
