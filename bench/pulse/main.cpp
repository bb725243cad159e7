// SPDX-License-Identifier: MIT
// switchyard-pulse CPU OTHER_CPU    does a few milliseconds of fixed work, the same each time, and
// prints as one line of JSON how long each part took: how fast this machine is just now, for
// programs and for the kernel. Nothing of it depends on a model.

#include "facts/table/exit_codes.hpp"
#include "facts/table/fields.hpp"
#include "proc/cpus.hpp"
#include "proc/posix.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

using proc::checked;
using proc::unique_fd;

// Each part takes about a millisecond: longer than the clock's grain, and shorter than a slot.
constexpr int multiplications = 500'000;
constexpr int calls = 4'000;
constexpr int wake_ups = 50;
constexpr int round_trips = 50;

template <class Work>
long long timed_ns(Work&& work) {
    auto const begin = std::chrono::steady_clock::now();
    work();
    return (std::chrono::steady_clock::now() - begin) / std::chrono::nanoseconds(1);
}

/// Each one waits for the one before.
void multiply() {
    std::uint64_t value = 1;
    for (int i = 0; i < multiplications; ++i) {
        value = value * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        asm volatile("" : "+r"(value)); // or the compiler would do it all at once
    }
}

void call() {
    for (int i = 0; i < calls; ++i) {
        ::syscall(SYS_getppid);
    }
}

/// Answers on the other CPU what comes, until the other side closes or has asked `times`.
template <class Answer>
std::jthread answering_on(int cpu, int times, Answer answer) {
    return std::jthread([=]() mutable {
        proc::pin_to({cpu});
        for (int i = 0; i < times && answer(); ++i) {
        }
    });
}

long long wake_ups_ns(int other_cpu) {
    unique_fd const there(checked(::eventfd(0, EFD_CLOEXEC), "eventfd"));
    unique_fd const back(checked(::eventfd(0, EFD_CLOEXEC), "eventfd"));
    std::uint64_t one = 1;
    auto const pass = [](int from, int to) {
        std::uint64_t value = 0;
        return ::read(from, &value, sizeof value) > 0 && ::write(to, &value, sizeof value) > 0;
    };
    auto const ask = [&] {
        checked(::write(there.get(), &one, sizeof one), "write");
        checked(::read(back.get(), &one, sizeof one), "read");
    };
    auto const other =
        answering_on(other_cpu, wake_ups + 1,
                     [pass, from = there.get(), to = back.get()] { return pass(from, to); });
    ask(); // it is there and waits
    return timed_ns([&] {
        for (int i = 0; i < wake_ups; ++i) {
            ask();
        }
    });
}

/// Both ends of a connection over the loopback device.
std::array<unique_fd, 2> connected() {
    unique_fd const listener(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(listener.get(), general, length), "bind");
    checked(::getsockname(listener.get(), general, &length), "getsockname");
    checked(::listen(listener.get(), 1), "listen");
    unique_fd near(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    checked(::connect(near.get(), general, length), "connect");
    unique_fd far(checked(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    for (auto const* end : {&near, &far}) {
        int const on = 1;
        checked(::setsockopt(end->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    }
    return {std::move(near), std::move(far)};
}

long long loopback_ns(int other_cpu) {
    auto const ends = connected();
    std::array<char, 64> message{};
    auto const other =
        answering_on(other_cpu, round_trips + 1, [message, fd = ends[1].get()]() mutable {
            auto const bytes = ::recv(fd, message.data(), message.size(), MSG_WAITALL);
            return bytes > 0 && ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) > 0;
        });
    auto const ask = [&] {
        checked(::send(ends[0].get(), message.data(), message.size(), MSG_NOSIGNAL), "send");
        checked(::recv(ends[0].get(), message.data(), message.size(), MSG_WAITALL), "recv");
    };
    ask();
    return timed_ns([&] {
        for (int i = 0; i < round_trips; ++i) {
            ask();
        }
    });
}

} // namespace

int main(int argc, char** argv) {
    namespace field = facts::field;
    if (argc != 3) {
        std::fputs("usage: switchyard-pulse CPU OTHER_CPU\n", stderr);
        return facts::exit_code::usage;
    }
    try {
        auto const other_cpu = std::atoi(argv[2]);
        proc::pin_to({std::atoi(argv[1])});
        auto const arithmetic = timed_ns(multiply);
        auto const system_calls = timed_ns(call);
        auto const wake_up = wake_ups_ns(other_cpu);
        auto const loopback = loopback_ns(other_cpu);
        std::printf("{\"%s\": %lld, \"%s\": %lld, \"%s\": %lld, \"%s\": %lld}\n",
                    field::arithmetic_ns, arithmetic, field::system_calls_ns, system_calls,
                    field::wake_ups_ns, wake_up, field::loopback_ns, loopback);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "switchyard-pulse: %s\n", error.what());
        return facts::exit_code::harness;
    }
    return facts::exit_code::ok;
}
