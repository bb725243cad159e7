// SPDX-License-Identifier: MIT
#pragma once

#include "input.hpp"

#include <linux/io_uring.h>
#include <linux/time_types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace fuzz {

constexpr int wake_fd = 99; ///< by which other threads wake the loop: here there are none

/// What of io_uring the backend uses, carried out by a fuzzer: it decides what arrives when, and in
/// which order what is possible completes. Everything that it does a kernel may do.
class kernel {
public:
    explicit kernel(input decisions) noexcept : decisions_(decisions) {}

    /// A connected socket. `to_come` is what its peer will send, piece by piece, before it closes.
    struct socket {
        std::string to_come;
        std::string arrived;
        std::string sent; ///< by us
        bool ended = false;
        bool is_open = true;
    };
    std::map<int, socket> sockets;

    // For the ring.
    void submit(io_uring_sqe const& entry);
    /// Something happens, perhaps; `must`: at least one completion comes, if one can ever come.
    void step(bool must);
    std::deque<io_uring_cqe> completions;
    io_uring_buf_ring* buffers = nullptr;
    unsigned buffer_count = 0;

    // System calls that go past the ring; -1 and errno.
    [[nodiscard]] long receive(int fd, void* into, std::size_t bytes);
    [[nodiscard]] long send(int fd, void const* from, std::size_t bytes);
    void close(int fd) {
        if (auto const found = sockets.find(fd); found != sockets.end()) {
            found->second.is_open = false;
        }
    }

    static inline thread_local kernel* current = nullptr;

private:
    void arrive();
    /// False: it cannot complete now.
    bool complete(std::size_t number);
    void end(std::size_t number, int result);
    void receive_into_buffer(std::size_t number, socket& from);
    void cancel(io_uring_sqe const& by);

    input decisions_;
    std::vector<io_uring_sqe> pending_;
    std::uint16_t taken_buffers_ = 0;
};

} // namespace fuzz

namespace siding::detail {

/// In place of the ring on system calls.
class ring {
public:
    ring(unsigned submission_entries, unsigned) : entries_(submission_entries) {}
    ring(ring const&) = delete;
    ring& operator=(ring const&) = delete;

    [[nodiscard]] io_uring_sqe* prepare() noexcept {
        if (prepared_.size() == entries_) return nullptr;
        prepared_.emplace_back();
        return &prepared_.back();
    }
    [[nodiscard]] unsigned prepared() const noexcept {
        return static_cast<unsigned>(prepared_.size());
    }
    int enter(unsigned least, __kernel_timespec const* timeout) noexcept {
        auto& in = *fuzz::kernel::current;
        while (!prepared_.empty()) {
            in.submit(prepared_.front());
            prepared_.pop_front();
        }
        in.step(least != 0 && timeout == nullptr);
        return 0;
    }
    [[nodiscard]] bool ready() const noexcept {
        return !fuzz::kernel::current->completions.empty();
    }
    template <class Use>
    unsigned reap(Use use) {
        unsigned count = 0;
        auto& all = fuzz::kernel::current->completions;
        for (auto left = all.size(); left > 0; --left, ++count) {
            auto const completion = all.front();
            all.pop_front();
            use(completion);
        }
        return count;
    }
    int register_with(unsigned opcode, void const* argument, unsigned) noexcept {
        if (opcode != IORING_REGISTER_PBUF_RING) return 0;
        auto const& registration = *static_cast<io_uring_buf_reg const*>(argument);
        auto& in = *fuzz::kernel::current;
        in.buffers = reinterpret_cast<io_uring_buf_ring*>(registration.ring_addr);
        in.buffer_count = registration.ring_entries;
        return 0;
    }
    void abandon() noexcept {}

private:
    std::size_t entries_;
    std::deque<io_uring_sqe> prepared_; // entries stay where they are
};

} // namespace siding::detail
