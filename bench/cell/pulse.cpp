// SPDX-License-Identifier: MIT
#include "cell/pulse.hpp"

#include "cell/counts.hpp"
#include "proc/posix.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>

namespace cell {
namespace {

/// Where the other end of a cell would be; its own CPU if there is no other.
int other_cpu(setting const& context) {
    if (!context.client_cpus.empty()) return context.client_cpus.front();
    auto const& allowed = context.process->allowed_cpus;
    auto const found = std::find_if(allowed.rbegin(), allowed.rend(),
                                    [&](int cpu) { return cpu != context.cpus.front(); });
    return found == allowed.rend() ? context.cpus.front() : *found;
}

std::string read_to_end(int fd) {
    std::array<char, 512> text{};
    std::size_t length = 0;
    for (;;) {
        auto const bytes = ::read(fd, text.data() + length, text.size() - length);
        if (bytes == -1 && errno == EINTR) continue;
        if (bytes <= 0) return {text.data(), length};
        length += static_cast<std::size_t>(bytes);
    }
}

} // namespace

std::string take_pulse(setting const& context) {
    if (read_counts() || context.cpus.empty()) return {};
    auto path = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "switchyard-pulse")
                    .string();
    auto cpu = std::to_string(context.cpus.front());
    auto other = std::to_string(other_cpu(context));
    std::array<char*, 4> arguments{path.data(), cpu.data(), other.data(), nullptr};
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) == -1) return {}; // no fault of the model
    proc::unique_fd const reading(ends[0]);
    proc::unique_fd writing(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    pid_t child = -1;
    // Not by fork: afterwards each page of this process would cost a fault when it is written.
    auto const error =
        ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    if (error != 0) return {};
    auto line = read_to_end(reading.get());
    auto status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? line : std::string();
}

nlohmann::json pulse_field(std::string const& line) {
    auto field = nlohmann::json::parse(line, nullptr, false);
    return field.is_object() ? field : nlohmann::json();
}

} // namespace cell
