// SPDX-License-Identifier: MIT
#include "proc/process_tree.hpp"

#include "proc/posix.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <new>
#include <sched.h>
#include <sstream>

namespace proc {
namespace {

constexpr std::size_t most_cpus = 1 << 20; // no kernel is built for more

std::optional<std::uint64_t> read_clock(clockid_t clock) {
    timespec now{};
    if (::clock_gettime(clock, &now) != 0) return {};
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::vector<pid_t> numbers_in(std::string const& folder) {
    std::vector<pid_t> numbers;
    std::unique_ptr<DIR, int (*)(DIR*)> const entries(::opendir(folder.c_str()), &::closedir);
    if (!entries) return numbers;
    while (auto const* entry = ::readdir(entries.get())) {
        std::string_view const name = entry->d_name;
        pid_t number = 0;
        auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
    }
    return numbers;
}

std::vector<pid_t> children_of(pid_t process) {
    std::vector<pid_t> children;
    // A child belongs to the thread that forked it.
    for (auto const thread : numbers_in(fmt::format("/proc/{}/task", process))) {
        std::istringstream list(
            read_proc(fmt::format("/proc/{}/task/{}/children", process, thread)));
        for (pid_t child = 0; list >> child;) {
            children.push_back(child);
        }
    }
    return children;
}

/// The words of a stat file from field 3, `state`, on. The name before may have any characters.
std::vector<std::string> words_after_name(std::string const& stat) {
    auto const name_end = stat.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream rest(stat.substr(name_end + 1));
    std::vector<std::string> words;
    for (std::string word; rest >> word;) {
        words.push_back(word);
    }
    return words;
}

/// False for a thread that has been joined, which may be seen for a while: it is already ending
/// when join returns.
bool is_running_or_waiting(std::string const& stat) {
    constexpr unsigned long ending = 0x4; // PF_EXITING in the kernel's flags, field 9
    auto const words = words_after_name(stat);
    return words.size() > 6 && (std::stoul(words[6]) & ending) == 0;
}

} // namespace

std::string read_proc(std::string const& path) {
    std::string text;
    unique_fd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() == -1) return text;
    char buffer[4096];
    for (;;) {
        auto const bytes = ::read(file.get(), buffer, sizeof buffer);
        if (bytes <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(bytes));
    }
}

std::vector<pid_t> descendants(pid_t root, std::vector<pid_t> const& except) {
    std::vector<pid_t> found;
    std::vector<pid_t> to_visit{root};
    while (!to_visit.empty()) {
        auto const process = to_visit.back();
        to_visit.pop_back();
        for (auto const child : children_of(process)) {
            if (std::find(except.begin(), except.end(), child) != except.end()) continue;
            found.push_back(child);
            to_visit.push_back(child);
        }
    }
    return found;
}

std::vector<pid_t> threads_of(pid_t process) {
    auto threads = numbers_in(fmt::format("/proc/{}/task", process));
    // They do the kernel's part of the work and come and go as it likes; CPU clocks include them.
    std::erase_if(threads, [&](pid_t thread) {
        return read_proc(fmt::format("/proc/{}/task/{}/comm", process, thread))
            .starts_with("iou-wrk-");
    });
    return threads;
}

std::size_t count_live_threads(pid_t root, std::vector<pid_t> const& except) {
    std::size_t live = 0;
    auto processes = descendants(root, except);
    processes.push_back(root);
    for (auto const process : processes) {
        std::size_t of_process = 0;
        for (auto const thread : threads_of(process)) {
            auto const stat = read_proc(fmt::format("/proc/{}/task/{}/stat", process, thread));
            if (is_running_or_waiting(stat)) ++of_process;
        }
        if (sanitizer_adds_threads && of_process > 1) --of_process;
        live += of_process;
    }
    return live;
}

std::vector<int> cpus_of(pid_t process) {
    // The kernel may know of more CPUs than there are, and refuses a set with less room.
    for (auto room = static_cast<std::size_t>(CPU_SETSIZE);; room *= 2) {
        std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> const set(
            CPU_ALLOC(room), [](cpu_set_t* memory) { CPU_FREE(memory); });
        if (!set) throw std::bad_alloc();
        auto const bytes = CPU_ALLOC_SIZE(room);
        CPU_ZERO_S(bytes, set.get());
        if (::sched_getaffinity(process, bytes, set.get()) == -1) {
            if (errno == EINVAL && room < most_cpus) continue;
            throw_errno("sched_getaffinity");
        }
        std::vector<int> cpus;
        for (std::size_t cpu = 0; cpu < room; ++cpu) {
            if (CPU_ISSET_S(cpu, bytes, set.get())) cpus.push_back(static_cast<int>(cpu));
        }
        return cpus;
    }
}

std::optional<std::uint64_t> process_cpu_ns(pid_t process) {
    clockid_t clock{};
    if (::clock_getcpuclockid(process, &clock) != 0) return {};
    return read_clock(clock);
}

std::optional<std::uint64_t> thread_cpu_ns(pid_t thread) {
    // The kernel's encoding of "scheduled time of thread t": glibc offers it for pthread_t only.
    if (auto const own =
            read_clock(static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6u))) {
        return own;
    }
    // Threads of another process have no clock for us; the scheduler's count is nanoseconds too.
    std::istringstream schedstat(read_proc(fmt::format("/proc/{}/schedstat", thread)));
    std::uint64_t cpu_ns = 0;
    if (!(schedstat >> cpu_ns)) return {};
    return cpu_ns;
}

std::optional<std::uint64_t> thread_run_delay_ns(pid_t process, pid_t thread) {
    std::istringstream schedstat(
        read_proc(fmt::format("/proc/{}/task/{}/schedstat", process, thread)));
    std::uint64_t cpu_ns = 0;
    std::uint64_t delay_ns = 0;
    // A kernel that does not count writes zeros only.
    if (!(schedstat >> cpu_ns >> delay_ns) || (cpu_ns == 0 && delay_ns == 0)) return {};
    return delay_ns;
}

std::optional<std::uint64_t> number_after(std::string const& text, std::string const& key) {
    auto const position = text.find("\n" + key + ":");
    auto const value = position == std::string::npos && text.starts_with(key + ":")
                           ? key.size() + 1
                           : (position == std::string::npos ? position : position + key.size() + 2);
    if (value == std::string::npos) return {};
    auto const digits = text.find_first_of("0123456789", value);
    if (digits == std::string::npos) return {};
    std::uint64_t number = 0;
    std::from_chars(text.data() + digits, text.data() + text.size(), number);
    return number;
}

std::vector<std::string> stat_fields(pid_t process) {
    return words_after_name(read_proc(fmt::format("/proc/{}/stat", process)));
}

} // namespace proc
