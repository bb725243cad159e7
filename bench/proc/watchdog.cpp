// SPDX-License-Identifier: MIT
#include "proc/watchdog.hpp"

#include "facts/table/exit_codes.hpp"
#include "proc/posix.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

namespace proc {
namespace {

// Written before the timer is armed, read by the handler only.
struct last_words {
    std::string line;
    std::string notice;
    int samples_fd = -1;
};
last_words& words() {
    static last_words instance;
    return instance;
}

void write_all(int fd, std::string const& text) noexcept {
    [[maybe_unused]] auto const ignored = ::write(fd, text.data(), text.size());
}

/// Calls `visit` with each number in the text of an open descriptor.
template <class Visit>
void for_each_number(int fd, Visit visit) noexcept {
    std::array<char, 1024> buffer;
    pid_t number = 0;
    auto in_number = false;
    for (;;) {
        auto const bytes = ::read(fd, buffer.data(), buffer.size());
        for (ssize_t position = 0; position < bytes; ++position) {
            auto const digit = buffer[static_cast<std::size_t>(position)];
            if (digit >= '0' && digit <= '9') {
                number = number * 10 + (digit - '0');
                in_number = true;
            } else if (in_number) {
                visit(number);
                number = 0;
                in_number = false;
            }
        }
        if (bytes <= 0) break;
    }
    if (in_number) visit(number);
}

/// As getdents64(2) lays it out; opendir would allocate.
struct folder_entry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t bytes;
    std::uint8_t type;
    char name[1];
};

/// True if there was a child to kill.
bool kill_children() noexcept {
    auto found = false;
    auto const tasks = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tasks == -1) return false;
    alignas(folder_entry) std::array<char, 4096> buffer;
    for (;;) {
        auto const bytes = ::syscall(SYS_getdents64, tasks, buffer.data(), buffer.size());
        if (bytes <= 0) break;
        for (long position = 0; position < bytes;) {
            auto const* const entry =
                reinterpret_cast<folder_entry const*>(buffer.data() + position);
            position += entry->bytes;
            if (entry->name[0] == '.') continue;
            constexpr std::string_view children_of = "/children";
            std::array<char, 64> path{}; // by hand: this is a signal handler
            auto* const end = ::stpncpy(path.data(), entry->name, 20);
            std::copy(children_of.begin(), children_of.end(), end);
            auto const children = ::openat(tasks, path.data(), O_RDONLY | O_CLOEXEC);
            if (children == -1) continue;
            for_each_number(children, [&](pid_t child) {
                found = true;
                ::kill(child, SIGKILL);
            });
            ::close(children);
        }
    }
    ::close(tasks);
    return found;
}

extern "C" void bark(int) {
    // First the evidence, then the killing: whatever happens next, the line is there.
    if (words().samples_fd != -1) write_all(words().samples_fd, words().line);
    write_all(STDERR_FILENO, words().notice);
    kill_descendants();
    ::_exit(facts::exit_code::failed);
}

void set_timer(std::chrono::nanoseconds limit) {
    using namespace std::chrono;
    itimerval timer{};
    timer.it_value.tv_sec = duration_cast<seconds>(limit).count();
    timer.it_value.tv_usec = duration_cast<microseconds>(limit % 1s).count();
    checked(::setitimer(ITIMER_REAL, &timer, nullptr), "setitimer");
}

} // namespace

void kill_descendants() noexcept {
    // One at a time: the children of a dead child come to this process and must be killed before
    // anyone waits for them. Zombies stay in the list until they are reaped.
    while (kill_children()) {
        ::waitpid(-1, nullptr, 0);
    }
}

watchdog::watchdog(std::chrono::nanoseconds limit, std::string line, int samples_fd,
                   std::string notice) {
    words() = {std::move(line), std::move(notice), samples_fd};
    struct sigaction action {};
    action.sa_handler = bark;
    sigfillset(&action.sa_mask);
    checked(::sigaction(SIGALRM, &action, nullptr), "sigaction");
    set_timer(limit);
}

watchdog::~watchdog() {
    set_timer({});
    std::signal(SIGALRM, SIG_DFL);
}

} // namespace proc
