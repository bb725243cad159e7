// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <linux/io_uring.h>
#include <span>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <utility>

namespace floor_model {

/// The least of an io_uring: reads, submitted and awaited by one system call. Of one thread.
class ring {
public:
    /// Throws std::system_error where the kernel does not offer it.
    explicit ring(unsigned entries) {
        io_uring_params params{};
        params.flags = IORING_SETUP_CLAMP;
        fd_ = unique_fd(checked(static_cast<int>(::syscall(SYS_io_uring_setup, entries, &params)),
                                "io_uring_setup"));
        auto const rings_bytes =
            params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe) + params.sq_entries * 4;
        rings_ = map(std::max<std::size_t>(rings_bytes, params.sq_off.array +
                                                            params.sq_entries * sizeof(unsigned)),
                     IORING_OFF_SQ_RING);
        entries_ = map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
        submission_tail_ = at<std::atomic<unsigned>>(params.sq_off.tail);
        submission_mask_ = *at<unsigned>(params.sq_off.ring_mask);
        completion_head_ = at<std::atomic<unsigned>>(params.cq_off.head);
        completion_tail_ = at<std::atomic<unsigned>>(params.cq_off.tail);
        completion_mask_ = *at<unsigned>(params.cq_off.ring_mask);
        completions_ = at<io_uring_cqe>(params.cq_off.cqes);
        auto* const indices = at<unsigned>(params.sq_off.array);
        for (unsigned i = 0; i <= submission_mask_; ++i) {
            indices[i] = i;
        }
    }

    /// No more than `entries` may be in flight.
    void read(int file, std::span<std::byte> into, std::uint64_t offset, std::uint64_t tag) {
        // Relaxed: this thread alone writes the tail.
        auto const tail = submission_tail_->load(std::memory_order_relaxed);
        auto& entry = static_cast<io_uring_sqe*>(entries_.start)[tail & submission_mask_];
        entry = {};
        entry.opcode = IORING_OP_READ;
        entry.fd = file;
        entry.addr = reinterpret_cast<std::uint64_t>(into.data());
        entry.len = static_cast<unsigned>(into.size());
        entry.off = offset;
        entry.user_data = tag;
        // Release: the kernel sees the entry before it sees the tail.
        submission_tail_->store(tail + 1, std::memory_order_release);
        ++prepared_;
    }

    /// Submits what is prepared, waits for one completion at least and calls `use(tag, result)` for
    /// each that is there.
    template <class Use>
    void wait(Use use) {
        auto const submitted = ::syscall(SYS_io_uring_enter, fd_.get(), prepared_, 1,
                                         IORING_ENTER_GETEVENTS, nullptr, 0);
        if (submitted == -1 && errno != EINTR) throw_errno("io_uring_enter");
        if (submitted > 0) prepared_ -= static_cast<unsigned>(submitted);
        auto head = completion_head_->load(std::memory_order_relaxed);
        // Acquire: the completions up to the tail are written.
        while (head != completion_tail_->load(std::memory_order_acquire)) {
            auto const done = completions_[head & completion_mask_];
            // Release: the kernel may write over it now.
            completion_head_->store(++head, std::memory_order_release);
            use(done.user_data, done.res);
        }
    }

private:
    struct mapping {
        void* start = nullptr;
        std::size_t bytes = 0;
        mapping() = default;
        mapping(void* mapped, std::size_t size) : start(mapped), bytes(size) {}
        mapping(mapping const&) = delete;
        mapping& operator=(mapping&& other) noexcept {
            std::swap(start, other.start);
            std::swap(bytes, other.bytes);
            return *this;
        }
        ~mapping() {
            if (start != nullptr) ::munmap(start, bytes);
        }
    };

    [[nodiscard]] mapping map(std::size_t bytes, std::uint64_t offset) const {
        auto* const start =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_.get(),
                   static_cast<off_t>(offset));
        if (start == MAP_FAILED) throw_errno("mmap of io_uring");
        return {start, bytes};
    }

    template <class T>
    [[nodiscard]] T* at(unsigned offset) const noexcept {
        return reinterpret_cast<T*>(static_cast<std::byte*>(rings_.start) + offset);
    }

    unique_fd fd_;
    mapping rings_;
    mapping entries_;
    std::atomic<unsigned>* submission_tail_ = nullptr;
    unsigned submission_mask_ = 0;
    unsigned prepared_ = 0;
    std::atomic<unsigned>* completion_head_ = nullptr;
    std::atomic<unsigned>* completion_tail_ = nullptr;
    unsigned completion_mask_ = 0;
    io_uring_cqe* completions_ = nullptr;
};

} // namespace floor_model
