// SPDX-License-Identifier: MIT
// Kernels and containers that refuse a system call: a filter in a forked child refuses it.
#include "backends.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <system_error>
#include <vector>

using namespace siding_test;

namespace {

/// From here on the calls of these numbers fail with `error`; for a forked child, as it cannot be
/// undone.
void refuse(std::vector<unsigned> const& calls, unsigned error) {
    std::vector<sock_filter> program{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (auto const number : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog const filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        std::perror("seccomp");
        std::_Exit(3);
    }
}

siding::coroutine<> send_later(int fd) {
    co_await siding::sleep(1ms);
    std::array<std::byte, 1> const one{std::byte{7}};
    co_await siding::send_all(fd, one);
}

/// Waits for a time, and for a descriptor that becomes ready later.
siding::coroutine<bool> wait_for_both() {
    std::array<int, 2> both{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both.data()) != 0) {
        co_return false;
    }
    siding::descriptor const here(both[0]);
    siding::descriptor const there(both[1]);
    auto const before = siding::get_running_loop().time();
    auto const sending = siding::create_task(send_later(there.get()));
    std::array<std::byte, 1> one{};
    auto const count = co_await siding::recv(here.get(), one);
    co_await sending;
    co_await siding::sleep(1500us); // what epoll_pwait cannot count
    auto const gone = siding::get_running_loop().time() - before;
    co_return count == 1 && one[0] == std::byte{7} && gone >= 2500us;
}

siding::loop_options on(std::string const& backend) {
    siding::loop_options options;
    if (backend == "io_uring") options.backend = &siding::make_io_uring_backend;
    return options;
}

[[noreturn]] void end(bool right) { std::_Exit(right ? 0 : 1); }

TEST(filters, that_do_not_know_epoll_pwait2_leave_epoll_pwait) {
    for (unsigned const error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
        EXPECT_EXIT(
            {
                refuse({SYS_epoll_pwait2}, error);
                end(siding::run(wait_for_both()));
            },
            testing::ExitedWithCode(0), "");
    }
}

class filters_of : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, filters_of, every_backend, backend_name);

std::vector<unsigned> every_wait() {
    std::vector<unsigned> calls{SYS_epoll_pwait2, SYS_epoll_pwait, SYS_io_uring_enter};
#if defined(SYS_epoll_wait) // not on arm64
    calls.push_back(SYS_epoll_wait);
#endif
    return calls;
}

TEST_P(filters_of, every_wait_are_an_error_of_run) {
    EXPECT_EXIT(
        {
            siding::loop home(on(GetParam()));
            refuse(every_wait(), ENOSYS);
            try {
                static_cast<void>(home.run_until_complete(wait_for_both()));
            } catch (std::system_error const& error) {
                std::fputs(error.what(), stderr);
                end(error.code().value() == ENOSYS);
            }
            end(false);
        },
        testing::ExitedWithCode(0), "the event loop cannot wait .*" + GetParam());
}

} // namespace
