// SPDX-License-Identifier: MIT
// siding-tasks PID: prints who awaits whom in a running program that uses siding, from outside.
// Exit code: 0, 4 if it cannot be read, 64 for a wrong command line.
#include "siding/task_tree.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

namespace {

constexpr int cannot_be_read = 4;
constexpr int wrong_usage = 64;

constexpr char const* usage = "usage: siding-tasks PID\n"
                              "prints each task of a running program that uses siding: its name, "
                              "its state, what it waits for,\n"
                              "its coroutines from the innermost outwards, and below it the tasks "
                              "that it awaits\n";

int print(pid_t process) {
    try {
        std::fputs(siding::task_tree_of(process).c_str(), stdout);
        return std::fflush(stdout) == 0 ? 0 : cannot_be_read;
    } catch (std::system_error const& error) {
        std::fprintf(stderr, "siding-tasks: %s\n", error.what());
        if (error.code() == std::errc::operation_not_permitted ||
            error.code() == std::errc::permission_denied) {
            std::fputs("siding-tasks: only who may trace it may read it: run this as the same user "
                       "with kernel.yama.ptrace_scope = 0, or as root\n",
                       stderr);
        }
    } catch (std::exception const& error) {
        std::fprintf(stderr, "siding-tasks: %s\n", error.what());
    }
    return cannot_be_read;
}

} // namespace

int main(int count, char** arguments) {
    if (count == 2 &&
        (std::strcmp(arguments[1], "--help") == 0 || std::strcmp(arguments[1], "-h") == 0)) {
        std::fputs(usage, stdout);
        return 0;
    }
    pid_t process = 0;
    char const* const end = count == 2 ? arguments[1] + std::strlen(arguments[1]) : nullptr;
    if (count != 2 || std::from_chars(arguments[1], end, process).ptr != end || process <= 0) {
        std::fputs(usage, stderr);
        return wrong_usage;
    }
    return print(process);
}
