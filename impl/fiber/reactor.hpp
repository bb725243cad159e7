// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <array>
#include <boost/fiber/context.hpp>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <span>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <utility>

namespace fiber {

class reactor;

/// What the reactor knows of one descriptor, and the fibers that are parked on it: at most one for
/// reading and one for writing. Registered once, edge-triggered; it neither owns nor closes the
/// descriptor, which must be closed, or never become ready again, before this is destroyed.
class readiness {
public:
    readiness(reactor& reactor, int fd);
    readiness(readiness const&) = delete;
    readiness& operator=(readiness const&) = delete;

    /// Suspends the calling fiber until reading may make progress; false once cancelled.
    [[nodiscard]] bool wait_readable() noexcept { return wait(readable_, reader_); }
    /// Suspends the calling fiber until writing may make progress; false once cancelled.
    [[nodiscard]] bool wait_writable() noexcept { return wait(writable_, writer_); }

    /// A call has said EAGAIN: the next wait parks until a new edge.
    void reading_would_block() noexcept { readable_ = false; }
    void writing_would_block() noexcept { writable_ = false; }

    /// A read left room in its buffer, so it drained the socket, and what comes later raises a new
    /// edge. After a hang-up there may be an end of file whose edge is spent: then nothing changes.
    void read_was_short() noexcept { readable_ = hung_up_; }

    /// Resumes whoever is parked here; this and every later wait return false.
    void cancel() noexcept;

private:
    friend class reactor;

    bool wait(bool& ready, boost::fibers::context*& parked) noexcept;
    void wake(boost::fibers::context*& parked) noexcept;
    void on_events(std::uint32_t events) noexcept;

    reactor& reactor_;
    boost::fibers::context* reader_ = nullptr;
    boost::fibers::context* writer_ = nullptr;
    bool readable_ = false; ///< registering reports what is there already
    bool writable_ = true;
    bool hung_up_ = false;
    bool cancelled_ = false;
};

/// One epoll of one thread. Only `interrupt` may be called from other threads.
class reactor {
public:
    reactor()
        : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          interrupt_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
        // Edge-triggered: each write is an edge, so that the counter need not be read back.
        add(interrupt_.get(), EPOLLIN | EPOLLET, nullptr);
        timespec const at_once{};
        epoll_event event;
        // Before Linux 5.11 there is no epoll_pwait2; containers that do not know it refuse it.
        counts_nanoseconds_ =
            ::epoll_pwait2(epoll_.get(), &event, 1, &at_once, nullptr) != -1 || errno == EINTR;
    }

    void add(int fd, std::uint32_t mask, readiness* state) {
        epoll_event event{.events = mask, .data = {.ptr = state}};
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    /// Waits for events, at most `timeout` (nullptr: for ever), and makes their fibers ready.
    /// May come back early and with nothing. An error means a broken reactor, and terminates.
    void poll(timespec const* timeout) noexcept {
        auto const most = static_cast<int>(events_.size());
        int const count =
            counts_nanoseconds_
                ? ::epoll_pwait2(epoll_.get(), events_.data(), most, timeout, nullptr)
                : ::epoll_wait(epoll_.get(), events_.data(), most, in_milliseconds(timeout));
        if (count == -1) {
            if (errno != EINTR) throw_errno("epoll_wait");
            return;
        }
        for (auto const& event : std::span(events_.data(), static_cast<std::size_t>(count))) {
            auto* const state = static_cast<readiness*>(event.data.ptr);
            if (state != nullptr) state->on_events(event.events);
        }
    }

    void interrupt() noexcept { ::eventfd_write(interrupt_.get(), 1); }

    /// Whether any fiber waits for a descriptor.
    [[nodiscard]] bool has_parked() const noexcept { return parked_ != 0; }

private:
    friend class readiness;

    /// Rounded up: never early. -1: for ever.
    static int in_milliseconds(timespec const* timeout) noexcept {
        if (timeout == nullptr) return -1;
        constexpr std::time_t most_s = std::numeric_limits<int>::max() / 1000 - 1;
        if (timeout->tv_sec > most_s) return static_cast<int>(most_s * 1000); // and then again
        return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
    }

    unique_fd epoll_;
    unique_fd interrupt_;
    bool counts_nanoseconds_ = true;
    std::size_t parked_ = 0;
    std::array<epoll_event, 256> events_; ///< 3 KiB: too much for the stack of a fiber
};

inline readiness::readiness(reactor& reactor, int fd) : reactor_(reactor) {
    reactor.add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this);
}

inline bool readiness::wait(bool& ready, boost::fibers::context*& parked) noexcept {
    while (!ready && !cancelled_) {
        parked = boost::fibers::context::active();
        ++reactor_.parked_;
        parked->suspend();
    }
    return !cancelled_;
}

inline void readiness::wake(boost::fibers::context*& parked) noexcept {
    if (parked == nullptr) return;
    --reactor_.parked_;
    boost::fibers::context::active()->schedule(std::exchange(parked, nullptr));
}

inline void readiness::on_events(std::uint32_t events) noexcept {
    constexpr std::uint32_t hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if ((events & hang_up) != 0) hung_up_ = true;
    if ((events & (EPOLLIN | hang_up)) != 0) {
        readable_ = true;
        wake(reader_);
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        writable_ = true;
        wake(writer_);
    }
}

inline void readiness::cancel() noexcept {
    cancelled_ = true;
    wake(reader_);
    wake(writer_);
}

} // namespace fiber
