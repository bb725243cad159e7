// SPDX-License-Identifier: MIT
// switchyard-calls PROGRAM [ARGUMENT...]: runs it and counts the system calls that it, its threads
// and its forked children make, into a page that the preloaded counting library (count.cpp) reads.
// Stopping at each call costs microseconds: what runs under it is never timed. A child that becomes
// another program - the load generator, a database - is let go and not counted. See ptrace(2).
#include "count/counts.hpp"
#include "facts/table/exit_codes.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int exit_cannot_trace = 4;

[[noreturn]] void fail(char const* action) {
    std::fprintf(stderr, "switchyard-calls: %s: %s\n", action, std::strerror(errno));
    std::exit(exit_cannot_trace);
}

/// The page, in a descriptor that stays open over exec and is named in the environment.
count::page* make_page() {
    auto const fd = ::memfd_create("switchyard-calls", 0);
    if (fd == -1 || ::ftruncate(fd, sizeof(count::page)) == -1) fail("memfd_create");
    auto* const place =
        ::mmap(nullptr, sizeof(count::page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (place == MAP_FAILED) fail("mmap");
    ::setenv(count::page_variable, std::to_string(fd).c_str(), 1);
    auto* const page = new (place) count::page();
    page->traced.store(true);
    return page;
}

/// The child stands still until `ready` is closed: it is seized first, so that no call is missed.
pid_t start(char** program, std::array<int, 2> const& ready) {
    auto const child = ::fork();
    if (child == -1) fail("fork");
    if (child != 0) return child;
    ::close(ready[1]);
    char none = 0;
    while (::read(ready[0], &none, 1) == -1 && errno == EINTR) {
    }
    ::close(ready[0]);
    ::execvp(program[0], program);
    std::fprintf(stderr, "switchyard-calls: %s: %s\n", program[0], std::strerror(errno));
    ::_exit(127);
}

std::string program_of(pid_t process) {
    std::array<char, PATH_MAX> name{};
    auto const link = "/proc/" + std::to_string(process) + "/exe";
    auto const length = ::readlink(link.c_str(), name.data(), name.size());
    return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : std::string();
}

class tracer {
public:
    tracer(pid_t root, count::page& page) : root_(root), page_(page) {}

    /// Until `root` has ended. Its wait status.
    int run() {
        for (;;) {
            int status = 0;
            auto const thread = ::waitpid(-1, &status, __WALL);
            if (thread == -1) {
                if (errno == EINTR) continue;
                fail("waitpid");
            }
            if (WIFSTOPPED(status)) {
                go_on(thread, status);
            } else if (thread == root_) {
                return status;
            }
        }
    }

private:
    void go_on(pid_t thread, int status) {
        auto const signal = WSTOPSIG(status);
        auto const event = status >> 16;
        if (signal == (SIGTRAP | 0x80)) {
            count_call(thread);
        } else if (event == PTRACE_EVENT_EXEC) {
            if (program_.empty()) program_ = program_of(root_);
            if (program_of(thread) != program_) {
                ::ptrace(PTRACE_DETACH, thread, 0, 0);
                return;
            }
        } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
            // Stopped by a signal such as SIGSTOP: it stays so until it is continued.
            ::ptrace(PTRACE_LISTEN, thread, 0, 0);
            return;
        } else if (event == 0) {
            ::ptrace(PTRACE_SYSCALL, thread, 0, signal); // on its way to the process
            return;
        }
        // Fails only if it was killed meanwhile; its end is then what comes next.
        ::ptrace(PTRACE_SYSCALL, thread, 0, 0);
    }

    /// A stop at the entry counts, that at the exit does not.
    void count_call(pid_t thread) {
        __ptrace_syscall_info info{};
        auto* const bytes = reinterpret_cast<void*>(sizeof info); // NOLINT: ptrace takes it so
        ::ptrace(PTRACE_GET_SYSCALL_INFO, thread, bytes, &info);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            page_.system_calls.fetch_add(1, std::memory_order_relaxed);
        }
    }

    pid_t root_;
    count::page& page_;
    std::string program_;
};

/// Ends as the program ended, so that who waits for this one sees no difference.
int end_as(int status) {
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    ::signal(WTERMSIG(status), SIG_DFL);
    ::raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("switchyard-calls: name the program whose system calls are to be counted\n",
                   stderr);
        return facts::exit_code::usage;
    }
    auto* const page = make_page();
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), O_CLOEXEC) == -1) fail("pipe2");
    auto const child = start(argv + 1, ready);
    constexpr auto options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                             PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SEIZE, child, 0, options) == -1) {
        auto const why = errno;
        ::kill(child, SIGKILL);
        errno = why;
        fail("ptrace is not permitted here");
    }
    // A seized thread runs free until its first stop.
    ::ptrace(PTRACE_INTERRUPT, child, 0, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    return end_as(tracer(child, *page).run());
}
