// SPDX-License-Identifier: MIT
#include "rig/rig.hpp"

#include "facts/verdict.hpp"
#include "proc/cpus.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace cell {
namespace {

std::string beside_this_executable(std::string const& name) {
    auto const path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
    if (::access(path.c_str(), X_OK) == 0) return path.string();
    throw harness_error(
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

pipe_ends make_pipe() {
    int ends[2];
    proc::checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    return {proc::unique_fd(ends[0]), proc::unique_fd(ends[1])};
}

listener make_listener() {
    listener made;
    made.socket = proc::unique_fd(
        proc::checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    proc::checked(::bind(made.socket.get(), reinterpret_cast<sockaddr const*>(&address), bytes),
                  "bind");
    // The kernel cuts the backlog to net.core.somaxconn.
    proc::checked(::listen(made.socket.get(), 65'535), "listen");
    proc::checked(::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&address), &bytes),
                  "getsockname");
    made.port = ntohs(address.sin_port);
    return made;
}

report_file::report_file()
    : file_(proc::checked(::memfd_create("switchyard-report", MFD_CLOEXEC), "memfd_create")) {}

nlohmann::json report_file::read(std::string const& how_it_ended) const {
    struct stat about {};
    proc::checked(::fstat(file_.get(), &about), "fstat");
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    auto const bytes = ::pread(file_.get(), text.data(), text.size(), 0);
    auto report =
        nlohmann::json::parse(text.substr(0, static_cast<std::size_t>(bytes)), nullptr, false);
    if (report.is_object() && report.value("schema", 0) == 1) return report;
    throw harness_error(how_it_ended + " without a report");
}

} // namespace cell
