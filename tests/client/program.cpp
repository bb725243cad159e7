// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace toy {

namespace {

proc::unique_fd make_file(char const* name) {
    return proc::unique_fd(proc::checked(::memfd_create(name, MFD_CLOEXEC), "memfd_create"));
}

std::string content(int fd) { return harness::read_file("/proc/self/fd/" + std::to_string(fd)); }

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

} // namespace

program::program(std::string const& name, std::vector<std::string> arguments,
                 std::function<void()> const& before_exec)
    : out_(make_file("out")), err_(make_file("err")) {
    arguments.insert(arguments.begin(), std::string(SWITCHYARD_BIN) + "/" + name);
    std::vector<char*> pointers;
    for (auto& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    pid_ = proc::checked(::fork(), "fork");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out_.get(), STDOUT_FILENO);
    ::dup2(err_.get(), STDERR_FILENO);
    before_exec();
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
}

program::~program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

harness::ended program::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
    }
    pid_ = -1;
    harness::ended how;
    if (WIFEXITED(status)) {
        how.exit_code = WEXITSTATUS(status);
    } else {
        how.signal = WTERMSIG(status);
    }
    how.out = content(out_.get());
    how.err = content(err_.get());
    return how;
}

listening listen_on_loopback(int backlog) {
    listening made;
    made.socket = proc::unique_fd(proc::checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    auto address = loopback(0);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    proc::checked(::bind(made.socket.get(), generic, sizeof address), "bind");
    if (backlog >= 0) proc::checked(::listen(made.socket.get(), backlog), "listen");
    socklen_t length = sizeof address;
    proc::checked(::getsockname(made.socket.get(), generic, &length), "getsockname");
    made.port = ntohs(address.sin_port);
    return made;
}

proc::unique_fd connect_to(std::uint16_t port) {
    proc::unique_fd made(proc::checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    auto const address = loopback(port);
    proc::checked(
        ::connect(made.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address),
        "connect");
    return made;
}

pipe_ends make_pipe() {
    int ends[2];
    proc::checked(::pipe(ends), "pipe");
    proc::checked(::fcntl(ends[1], F_SETFD, FD_CLOEXEC), "fcntl");
    return {proc::unique_fd(ends[0]), proc::unique_fd(ends[1])};
}

client_end run_client(std::uint16_t port, std::vector<std::string> flags, char const* workload) {
    std::vector<std::string> arguments{workload, "--port", std::to_string(port)};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    client_end how;
    how.process = program("switchyard-client", arguments).wait();
    if (!how.process.out.empty()) how.report = nlohmann::json::parse(how.process.out);
    return how;
}

} // namespace toy
