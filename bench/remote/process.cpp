// SPDX-License-Identifier: MIT
#include "remote/process.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace remote {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct pipe_ends {
    proc::unique_fd read;
    proc::unique_fd write;
};

pipe_ends make_pipe() {
    int ends[2];
    proc::checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    return {proc::unique_fd(ends[0]), proc::unique_fd(ends[1])};
}

/// In the child. Returns only if the program cannot be started; errno says why.
void exec(command const& launch, std::vector<char*> const& words, int input, int output) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_DFL); // an ignored signal stays ignored over exec
    for (auto const fd : launch.inherited) {
        ::fcntl(fd, F_SETFD, 0);
    }
    if (::dup2(input, STDIN_FILENO) == -1 || ::dup2(output, STDOUT_FILENO) == -1) return;
    ::execv(words.front(), words.data());
}

std::vector<char*> as_words(command const& launch) {
    std::vector<char*> words{const_cast<char*>(launch.program.c_str())};
    for (auto const& argument : launch.arguments) {
        words.push_back(const_cast<char*>(argument.c_str()));
    }
    words.push_back(nullptr);
    return words;
}

} // namespace

process::process(command const& launch) {
    auto input = make_pipe();
    auto output = make_pipe();
    auto problem = make_pipe(); // closed by a successful exec
    auto const words = as_words(launch);
    pid_ = proc::checked(::fork(), "fork");
    if (pid_ == 0) {
        exec(launch, words, input.read.get(), output.write.get());
        auto const error = errno;
        [[maybe_unused]] auto const ignored = ::write(problem.write.get(), &error, sizeof error);
        ::_exit(127);
    }
    input_ = std::move(input.write);
    output_ = std::move(output.read);
    problem.write.reset();
    auto error = 0;
    if (::read(problem.read.get(), &error, sizeof error) != sizeof error) return;
    wait(1s);
    throw start_error(fmt::format("{} cannot be started: {}{}", launch.program,
                                  std::strerror(error),
                                  error == ENOENT ? " (it, or what its first line names)" : ""));
}

process::~process() { wait(0ms); }

std::string const& process::wait(std::chrono::milliseconds patience) {
    if (has_ended()) return end_;
    // Where the kernel has no pidfd nobody can wait with a time limit: it is killed at once.
    proc::unique_fd const handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    auto const in_time = handle.get() != -1 && is_readable(handle.get(), patience);
    if (!in_time) ::kill(pid_, SIGKILL);
    auto status = 0;
    while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
    }
    if (!in_time) {
        end_ = "did not end and was killed";
    } else if (WIFSIGNALED(status)) {
        end_ = fmt::format("was killed by {}", ::strsignal(WTERMSIG(status)));
    } else {
        end_ = fmt::format("exited with {}", WEXITSTATUS(status));
    }
    return end_;
}

bool is_readable(int fd, std::chrono::milliseconds patience) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, static_cast<int>(std::max(patience, 0ms).count())) > 0;
}

std::string output_of(command const& launch, std::chrono::milliseconds patience) {
    auto const until = clock::now() + patience;
    auto const left = [&] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
    };
    process running(launch);
    running.end_input();
    std::string text;
    for (;;) {
        if (!is_readable(running.output(), left())) break;
        std::array<char, 4'096> some;
        auto const bytes = ::read(running.output(), some.data(), some.size());
        if (bytes == -1 && errno == EINTR) continue;
        if (bytes <= 0) break;
        text.append(some.data(), static_cast<std::size_t>(bytes));
    }
    auto const& end = running.wait(std::max(left(), 100ms));
    if (end == "exited with 0") return text;
    throw std::runtime_error(
        fmt::format("{} {} {}", launch.program, fmt::join(launch.arguments, " "), end));
}

} // namespace remote
