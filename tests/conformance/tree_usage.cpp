// SPDX-License-Identifier: MIT
// tree_usage PROGRAM [ARGUMENT...]    runs it; one line of JSON with what wait4 says of it and of
// all that it has waited for. Small on purpose: the peak of a program's memory counts what it was
// copied from, before it became that program.
#include <cerrno>
#include <cstdio>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

long long to_ns(timeval const& time) {
    return time.tv_sec * 1'000'000'000ll + time.tv_usec * 1'000ll;
}

} // namespace

int main(int, char** argv) {
    auto const child = ::fork();
    if (child == -1) return 4;
    if (child == 0) {
        ::execvp(argv[1], argv + 1);
        ::_exit(127);
    }
    int status = 0;
    rusage used{};
    while (::wait4(child, &status, 0, &used) == -1) {
        if (errno != EINTR) return 4;
    }
    std::printf("{\"status\": %d, \"cpu_ns\": %lld, \"voluntary_switches\": %ld, "
                "\"involuntary_switches\": %ld, \"minor_faults\": %ld, \"peak_rss_bytes\": %ld}\n",
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                to_ns(used.ru_utime) + to_ns(used.ru_stime), used.ru_nvcsw, used.ru_nivcsw,
                used.ru_minflt, used.ru_maxrss * 1024);
    return 0;
}
