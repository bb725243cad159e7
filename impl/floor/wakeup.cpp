// SPDX-License-Identifier: MIT
// Variant `eventfd`: a loop that sleeps in epoll_wait, woken by a write; edge-triggered, so that
// the counter is never read. Variant `futex`: a thread with nothing else to do.
#include "cells.hpp"
#include "kernel/wake.hpp"
#include "posix.hpp"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <thread>

namespace floor_model {
namespace {

using contract::wakeup;

class session : public contract::session<wakeup> {
public:
    session(wakeup::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {}

    wakeup::outcome run(contract::probe& probe) final {
        ledger_.restart(seed_);
        std::jthread const waker([this, &probe] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_, [this] { wake(); });
        });
        for (std::uint64_t i = 0; i < params_.wakes; ++i) {
            await_wake();
            ledger_.arrived(probe);
        }
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

private:
    virtual void await_wake() = 0;
    virtual void wake() = 0;

    wakeup::params params_;
    std::uint64_t seed_;
    kernel::wake_ledger ledger_;
};

class by_eventfd final : public session {
public:
    by_eventfd(wakeup::params const& params, std::uint64_t seed) : session(params, seed) {
        epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_.get(), &event), "epoll_ctl");
    }

private:
    void await_wake() override {
        epoll_event event;
        while (::epoll_wait(epoll_.get(), &event, 1, -1) != 1) {
        }
    }
    void wake() override {
        std::uint64_t const one = 1;
        if (::write(event_.get(), &one, sizeof one) != sizeof one)
            throw_errno("write to an eventfd");
    }

    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    unique_fd event_{checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")};
};

class by_futex final : public session {
public:
    using session::session;

private:
    void await_wake() override {
        while (woken_.exchange(0, std::memory_order_acquire) == 0) {
            ::syscall(SYS_futex, &woken_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        }
    }
    void wake() override {
        woken_.store(1, std::memory_order_release);
        ::syscall(SYS_futex, &woken_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

    std::atomic<std::uint32_t> woken_ = 0;
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup_eventfd(wakeup::params const& params,
                                                               wakeup::environment const& around) {
    return std::make_unique<by_eventfd>(params, around.limits.seed);
}

std::unique_ptr<contract::session<wakeup>> make_wakeup_futex(wakeup::params const& params,
                                                             wakeup::environment const& around) {
    return std::make_unique<by_futex>(params, around.limits.seed);
}

} // namespace floor_model
