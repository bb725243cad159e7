// SPDX-License-Identifier: MIT
#include "siding/task_tree.hpp"

#include "debug/layout.hpp"
#include "debug/process_memory.hpp"
#include "debug/symbols.hpp"
#include "siding/loop.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <vector>

namespace siding {

namespace {

using detail::debug_layout;
using detail::future_core;
using address = std::uint64_t;

constexpr std::size_t most_tasks = 1'000'000;
constexpr std::size_t most_frames = 100;
constexpr std::size_t most_waiters = 10'000;

constexpr std::array<char const*, 11> operation_names{
    "recv",     "read",     "accept",  "a wait to read",
    "send_all", "write",    "connect", "a wait to write",
    "read_at",  "write_at", "sync"};

/// A process whose memory has a layout.
struct subject {
    detail::process_memory memory;
    detail::symbols names;
    debug_layout const* layout;

    [[nodiscard]] address word(address base, std::uint64_t offset) const {
        return memory.word(base + offset);
    }
    [[nodiscard]] std::uint8_t byte(address base, std::uint64_t offset) const {
        std::uint8_t value = 0;
        memory.read(base + offset, &value, 1);
        return value;
    }
};

struct task_seen {
    address core = 0;
    std::string name;
    std::string state;
    std::string frames;
    std::set<address> awaited_by;
};

std::string hexadecimal(address value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

std::string name_of_task(subject const& in, address core) {
    auto const& layout = *in.layout;
    auto serial = in.word(core, layout.core_serial);
    if ((serial & 1u) == 0) { // the address of the details
        auto const details = serial;
        auto const text = in.word(details, layout.details_name);
        auto const length = in.word(details, layout.details_name + sizeof(address));
        serial = in.word(details, layout.details_serial);
        if (length != 0 && length < 4096) {
            std::string name(length, '\0');
            in.memory.read(text, name.data(), length);
            // Names are data: nothing of them reaches the terminal but what can be printed.
            std::replace_if(
                name.begin(), name.end(),
                [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
            return name;
        }
    }
    auto const number = (serial & layout.serial_mask) >> layout.serial_shift;
    return number == 0 ? "(of the library)" : "Task-" + std::to_string(number);
}

address task_of_frame(subject const& in, address frame) {
    for (std::size_t i = 0; i < most_frames; ++i) {
        auto const promise = frame + in.layout->promise_in_frame;
        if ((in.byte(promise, in.layout->core_flags) & future_core::is_task) != 0) return promise;
        frame = in.word(promise, in.layout->core_continuation);
    }
    return 0;
}

/// The coroutines from `frame` outwards.
std::string frames_from(subject& in, address frame) {
    std::string all;
    for (std::size_t i = 0; i < most_frames; ++i) {
        auto const code = in.memory.word(frame);
        all += (all.empty() ? "" : " <- ") + in.names.name_of(code).value_or(hexadecimal(code));
        auto const promise = frame + in.layout->promise_in_frame;
        if ((in.byte(promise, in.layout->core_flags) & future_core::is_task) != 0) return all;
        frame = in.word(promise, in.layout->core_continuation);
    }
    return all + " <- ...";
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string seconds_until(std::uint64_t deadline_ns) {
    timespec now{}; // CLOCK_MONOTONIC is the same for all processes
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    auto const left = static_cast<double>(deadline_ns) -
                      (static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec));
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.1f s left", std::max(left, 0.0) / 1e9);
    return text.data();
}

/// In words, what the waiter of a suspended task waits for.
std::string wait_in_words(subject& in, address waiter) {
    auto const& layout = *in.layout;
    auto const react = in.word(waiter, layout.waiter_react);
    if (react == layout.future_wait_reacts) {
        auto const core = in.word(waiter, layout.wait_core);
        bool const is_task = (in.byte(core, layout.core_flags) & future_core::is_task) != 0;
        return is_task ? "for " + name_of_task(in, core) : "for a future";
    }
    auto const name = in.names.name_of(react);
    if (!name) return "for what reacts by " + hexadecimal(react);
    if (contains(*name, "sleep_awaiter::react_to")) {
        return "in sleep, " + seconds_until(in.word(waiter, layout.timer_deadline));
    }
    if (contains(*name, "io_awaiter::react_to")) {
        int fd = -1;
        in.memory.read(waiter + layout.operation_fd, &fd, sizeof fd);
        auto const kind = in.byte(waiter, layout.operation_kind);
        return std::string("in ") +
               (kind < operation_names.size() ? operation_names[kind] : "an operation") +
               " of descriptor " + std::to_string(fd);
    }
    if (contains(*name, "get_awaiter")) return "in get of a queue";
    if (contains(*name, "put_awaiter")) return "in put of a queue";
    if (contains(*name, "grant_waiter::")) return "for a lock, event, semaphore or condition";
    if (contains(*name, "cancelled_reaction")) return "for its turn to be cancelled";
    return "in " + name->substr(0, name->find("::react_to"));
}

/// The tasks that wait for `core`, through gathers too.
void find_who_awaits(subject const& in, address core, std::set<address>& found, int depth = 0) {
    auto const& layout = *in.layout;
    auto const first = in.word(core, layout.core_callbacks);
    auto waiter = first;
    for (std::size_t i = 0; waiter != 0 && i < most_waiters; ++i) {
        auto const react = in.word(waiter, layout.waiter_react);
        if (react == layout.future_wait_reacts) {
            auto const by = task_of_frame(in, in.word(waiter, layout.waiter_suspended));
            if (by != 0) found.insert(by);
        } else if (react == layout.gather_child_reacts && depth < 64) {
            auto const gathering = in.word(waiter, layout.child_owner);
            find_who_awaits(in, in.word(gathering, layout.gathering_outer), found, depth + 1);
        }
        waiter = in.word(waiter, layout.waiter_next);
        if (waiter == first) break;
    }
}

task_seen look_at(subject& in, address core, address running) {
    auto const& layout = *in.layout;
    task_seen seen;
    seen.core = core;
    seen.name = name_of_task(in, core);
    auto const flags = in.byte(core, layout.core_flags);
    auto const own_frame = core - layout.promise_in_frame;
    auto const waiter = in.word(core, layout.task_waiting);
    if (core == running) {
        seen.state = "runs";
        seen.frames = frames_from(in, own_frame);
    } else if ((flags & future_core::is_started) == 0) {
        seen.state = "has not begun";
        seen.frames = frames_from(in, own_frame);
    } else {
        bool const is_ready = (flags & future_core::is_scheduled) != 0;
        seen.state = is_ready ? "is ready" : "waits " + wait_in_words(in, waiter);
        seen.frames = frames_from(in, in.word(waiter, layout.waiter_suspended));
    }
    find_who_awaits(in, core, seen.awaited_by);
    return seen;
}

class tree {
public:
    tree(std::vector<task_seen> tasks, std::ostream& to) : tasks_(std::move(tasks)), to_(to) {
        std::set<address> present;
        for (auto const& each : tasks_) {
            present.insert(each.core);
        }
        for (auto const& each : tasks_) {
            bool is_awaited = false;
            for (auto const by : each.awaited_by) {
                if (present.count(by) == 0) continue;
                awaited_[by].push_back(&each);
                is_awaited = true;
            }
            if (!is_awaited) roots_.push_back(&each);
        }
    }
    void print() {
        for (auto const* each : roots_) {
            print_below(*each);
        }
        for (auto const& each : tasks_) { // who is in a circle is below nobody
            if (printed_.count(each.core) == 0) print_below(each);
        }
    }

private:
    /// Iterative: a chain of tasks may be long.
    void print_below(task_seen const& first) {
        std::vector<std::pair<task_seen const*, std::size_t>> todo{{&first, 0}};
        while (!todo.empty()) {
            auto const [task, depth] = todo.back();
            todo.pop_back();
            constexpr std::size_t deepest = 40;
            to_ << std::string(2 * std::min(depth, deepest), ' ') << task->name << ' ';
            if (!printed_.insert(task->core).second) {
                to_ << "(see above)\n";
                continue;
            }
            to_ << task->state << ": " << task->frames << '\n';
            auto const& below = awaited_[task->core];
            for (auto each = below.rbegin(); each != below.rend(); ++each) {
                todo.emplace_back(*each, depth + 1);
            }
        }
    }

    std::vector<task_seen> tasks_;
    std::ostream& to_;
    std::map<address, std::vector<task_seen const*>> awaited_;
    std::vector<task_seen const*> roots_;
    std::set<address> printed_;
};

void print_loop(subject& in, address of, std::ostream& to) {
    auto const& layout = *in.layout;
    std::vector<task_seen> tasks;
    std::size_t changed = 0;
    std::set<address> seen;
    try {
        auto const running = in.word(of, layout.loop_current);
        auto core = in.word(of, layout.loop_first_task);
        while (core != 0 && seen.size() < most_tasks && seen.insert(core).second) {
            try {
                tasks.push_back(look_at(in, core, running));
            } catch (detail::unreadable const&) {
                ++changed;
            }
            core = in.word(core, layout.task_next);
        }
    } catch (detail::unreadable const&) {
        ++changed;
    }
    to << "loop " << hexadecimal(of) << ": " << tasks.size()
       << (tasks.size() == 1 ? " task" : " tasks");
    if (changed != 0) to << ", and " << changed << " that changed while they were read";
    to << '\n';
    tree(std::move(tasks), to).print();
}

std::string print_all(subject& in, std::vector<address> const& loops, std::uint64_t lost) {
    std::ostringstream text;
    for (auto const each : loops) {
        print_loop(in, each, text);
    }
    if (loops.empty()) text << "no loop\n";
    if (lost != 0) text << lost << " more loops are in no table\n";
    return text.str();
}

} // namespace

std::string task_tree_of(pid_t process) {
    subject in{detail::process_memory(process), detail::symbols(process), nullptr};
    auto const place = in.names.address_of("siding_debug_layout");
    if (!place) {
        throw runtime_error("process " + std::to_string(process) +
                            " is no program of siding, or its symbols were stripped");
    }
    std::vector<std::byte> copy(sizeof(debug_layout));
    in.memory.read(*place, copy.data(), copy.size());
    auto const& layout = *reinterpret_cast<debug_layout const*>(copy.data());
    in.layout = &layout;
    std::vector<address> loops;
    bool const is_unused = layout.magic[0] == '\0'; // there has been no loop yet
    if (!is_unused &&
        (layout.magic != debug_layout::right_magic ||
         layout.version != debug_layout::right_version || layout.bytes != sizeof(debug_layout))) {
        throw runtime_error("process " + std::to_string(process) +
                            " has another version of siding than this tool");
    }
    for (auto const& each : layout.loops) {
        auto const* const found = each.load(std::memory_order_relaxed);
        if (found != nullptr) loops.push_back(reinterpret_cast<address>(found));
    }
    return print_all(in, loops, layout.lost_loops);
}

std::string task_tree() {
    subject in{detail::process_memory(::getpid()), detail::symbols(::getpid()),
               &siding_debug_layout};
    std::vector<address> loops;
    for (auto const& each : siding_debug_layout.loops) {
        auto const* const found = each.load();
        if (found != nullptr) loops.push_back(reinterpret_cast<address>(found));
    }
    return print_all(in, loops, siding_debug_layout.lost_loops);
}

void print_tasks_on_signal(int number, int fd) {
    loop::running().add_signal_handler(number, [fd] {
        auto const text = task_tree();
        for (std::size_t sent = 0; sent < text.size();) {
            auto const count = ::write(fd, text.data() + sent, text.size() - sent);
            if (count < 0 && errno != EINTR) break; // nobody reads it
            if (count > 0) sent += static_cast<std::size_t>(count);
        }
    });
}

} // namespace siding
