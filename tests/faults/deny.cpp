// SPDX-License-Identifier: MIT
// deny NAME[,NAME...] COMMAND [ARGUMENT...]
//
// Runs a command on a machine that refuses: every call named here fails in it and in all that it
// starts, as under the seccomp filter of a container (EPERM) or an older kernel (ENOSYS). Source:
// seccomp(2).

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

/// A call that fails with `error`: always, or where its first argument has one value.
struct refusal {
    std::string_view name;
    std::uint32_t call;
    std::optional<std::uint32_t> first_argument;
    std::uint32_t error;
};

constexpr std::array refusals{
    refusal{"epoll_pwait2", SYS_epoll_pwait2, {}, ENOSYS},
    refusal{"io_uring", SYS_io_uring_setup, {}, EPERM},
    refusal{"ipv6", SYS_socket, AF_INET6, EAFNOSUPPORT},
    refusal{"memfd_create", SYS_memfd_create, {}, ENOSYS},
    refusal{"perf_event_open", SYS_perf_event_open, {}, EPERM},
    refusal{"pidfd_open", SYS_pidfd_open, {}, ENOSYS},
    refusal{"ptrace", SYS_ptrace, {}, EPERM},
    refusal{"sched_setaffinity", SYS_sched_setaffinity, {}, EPERM},
    refusal{"subreaper", SYS_prctl, PR_SET_CHILD_SUBREAPER, EINVAL},
};

refusal const* named(std::string_view name) {
    for (auto const& each : refusals) {
        if (each.name == name) return &each;
    }
    return nullptr;
}

bool refuse(refusal const& wanted) {
    auto const load = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    auto const unequal = [](std::uint32_t value, std::uint8_t skip) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
    };
    // Without a value of the argument, whatever it is leads to the refusal.
    std::uint8_t const next_allows = wanted.first_argument ? 1 : 0;
    std::array filter{
        load(offsetof(seccomp_data, nr)),
        unequal(wanted.call, 3),
        load(offsetof(seccomp_data, args[0])),
        unequal(wanted.first_argument.value_or(0), next_allows),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | wanted.error),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog const program{static_cast<unsigned short>(filter.size()), filter.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int usage() {
    std::fprintf(stderr, "usage: deny NAME[,NAME...] COMMAND [ARGUMENT...]; the names:");
    for (auto const& each : refusals) {
        std::fprintf(stderr, " %s", each.name.data());
    }
    std::fprintf(stderr, "\n");
    return 64;
}

} // namespace

int main(int argc, char** argv) {
    constexpr int skipped = 77; // this machine has no filters
    if (argc < 3) return usage();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return skipped;
    std::istringstream names(argv[1]);
    for (std::string name; std::getline(names, name, ',');) {
        auto const* const wanted = named(name);
        if (wanted == nullptr) return usage();
        if (!refuse(*wanted)) return skipped;
    }
    ::execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    return 4;
}
