// SPDX-License-Identifier: MIT
#include "rig/helper_program.hpp"

#include "facts/errors.hpp"
#include "proc/cpus.hpp"
#include "proc/posix.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace rig {
namespace {

std::string beside_this_executable(std::string const& name) {
    auto const path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
    if (::access(path.c_str(), X_OK) == 0) return path.string();
    throw facts::harness_error(
        fmt::format("{} is missing or cannot be run: build the target {}", path.string(), name));
}

} // namespace

helper_program::helper_program(std::string const& name, std::vector<std::string> const& arguments,
                               std::vector<int> const& cpus, std::vector<int> const& inherited)
    : name_(name) {
    auto path = beside_this_executable(name);
    std::vector<std::string> strings{path};
    strings.insert(strings.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (auto& string : strings) {
        pointers.push_back(string.data());
    }
    pointers.push_back(nullptr);
    auto const parent = ::getpid();
    pid_ = proc::checked(::fork(), "fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    try {
        proc::pin_to(cpus);
        for (auto const fd : inherited) {
            proc::checked(::fcntl(fd, F_SETFD, 0), "fcntl");
        }
        ::execv(path.c_str(), pointers.data());
    } catch (std::exception const&) {
        ::_exit(127); // the parent sees it, as it does when there is no such program
    }
    ::_exit(127);
}

helper_program::~helper_program() {
    if (reaped_) return;
    ::kill(pid_, SIGKILL);
    wait();
}

std::string helper_program::wait() {
    if (reaped_) return end_;
    auto status = 0;
    while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
    }
    reaped_ = true;
    end_ = WIFSIGNALED(status)
               ? fmt::format("{} was killed by {}", name_, ::strsignal(WTERMSIG(status)))
               : fmt::format("{} exited with {}", name_, WEXITSTATUS(status));
    return end_;
}

} // namespace rig
