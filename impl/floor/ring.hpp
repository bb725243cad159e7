// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "posix.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <linux/io_uring.h>
#include <span>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <utility>

namespace floor_model {

/// The least of an io_uring: entries, submitted and awaited by one system call. Of one thread.
class ring {
public:
    /// `flags`: IORING_SETUP_*. Throws std::system_error where the kernel does not offer it.
    explicit ring(unsigned entries, unsigned flags = 0) {
        io_uring_params params{};
        params.flags = IORING_SETUP_CLAMP | flags;
        fd_ = unique_fd(checked(static_cast<int>(::syscall(SYS_io_uring_setup, entries, &params)),
                                "io_uring_setup"));
        auto const rings_bytes =
            params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe) + params.sq_entries * 4;
        rings_ = map(std::max<std::size_t>(rings_bytes, params.sq_off.array +
                                                            params.sq_entries * sizeof(unsigned)),
                     IORING_OFF_SQ_RING);
        entries_ = map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
        submission_tail_ = field<std::atomic<unsigned>>(params.sq_off.tail);
        submission_flags_ = field<std::atomic<unsigned>>(params.sq_off.flags);
        submission_mask_ = *field<unsigned>(params.sq_off.ring_mask);
        completion_head_ = field<std::atomic<unsigned>>(params.cq_off.head);
        completion_tail_ = field<std::atomic<unsigned>>(params.cq_off.tail);
        completion_mask_ = *field<unsigned>(params.cq_off.ring_mask);
        completions_ = field<io_uring_cqe>(params.cq_off.cqes);
        auto* const indices = field<unsigned>(params.sq_off.array);
        for (unsigned i = 0; i <= submission_mask_; ++i) {
            indices[i] = i;
        }
    }

    /// An entry to fill in, all zeros; the kernel takes it with the next `wait`, or at once what is
    /// prepared when there is no room for more.
    [[nodiscard]] io_uring_sqe& prepare() {
        if (prepared_ > submission_mask_) enter(0);
        auto& entry = static_cast<io_uring_sqe*>(entries_.start)[tail_++ & submission_mask_];
        entry = {};
        ++prepared_;
        return entry;
    }

    void read(int file, std::span<std::byte> into, std::uint64_t offset, std::uint64_t tag) {
        auto& entry = prepare();
        entry.opcode = IORING_OP_READ;
        entry.fd = file;
        entry.addr = reinterpret_cast<std::uint64_t>(into.data());
        entry.len = static_cast<unsigned>(into.size());
        entry.off = offset;
        entry.user_data = tag;
    }

    /// Submits what is prepared, waits for `least` completions and calls `use(io_uring_cqe)`
    /// for each that is there. False: the kernel has not taken or not said all, for want of room or
    /// because of a signal.
    template <class Use>
    bool wait(unsigned least, Use use) {
        enter(least);
        // Acquire: what overflowed before is not among the completions.
        auto const all_said =
            prepared_ == 0 &&
            (submission_flags_->load(std::memory_order_acquire) & IORING_SQ_CQ_OVERFLOW) == 0;
        auto head = completion_head_->load(std::memory_order_relaxed);
        // Acquire: the completions up to the tail are written.
        while (head != completion_tail_->load(std::memory_order_acquire)) {
            auto const done = completions_[head & completion_mask_];
            // Release: the kernel may write over it now.
            completion_head_->store(++head, std::memory_order_release);
            use(done);
        }
        return all_said;
    }

    /// IORING_REGISTER_*. Throws std::system_error.
    void do_register(unsigned action, void* argument) const {
        checked(static_cast<int>(::syscall(SYS_io_uring_register, fd_.get(), action, argument, 1)),
                "io_uring_register");
    }

private:
    void enter(unsigned least) {
        // Release: the kernel sees the entries before it sees the tail.
        submission_tail_->store(tail_, std::memory_order_release);
        auto const submitted = ::syscall(SYS_io_uring_enter, fd_.get(), prepared_, least,
                                         IORING_ENTER_GETEVENTS, nullptr, 0);
        if (submitted == -1 && errno != EINTR && errno != EBUSY) throw_errno("io_uring_enter");
        if (submitted > 0) prepared_ -= static_cast<unsigned>(submitted);
    }

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
    [[nodiscard]] T* field(unsigned offset) const noexcept {
        return reinterpret_cast<T*>(static_cast<std::byte*>(rings_.start) + offset);
    }

    unique_fd fd_;
    mapping rings_;
    mapping entries_;
    std::atomic<unsigned>* submission_tail_ = nullptr;
    std::atomic<unsigned>* submission_flags_ = nullptr;
    unsigned submission_mask_ = 0;
    unsigned tail_ = 0;     ///< this thread alone writes it
    unsigned prepared_ = 0; ///< and the kernel has not taken
    std::atomic<unsigned>* completion_head_ = nullptr;
    std::atomic<unsigned>* completion_tail_ = nullptr;
    unsigned completion_mask_ = 0;
    io_uring_cqe* completions_ = nullptr;
};

/// What `make` makes; where the kernel does not offer what it wants of io_uring, the cell is
/// skipped.
template <class Make>
auto on_a_ring(char const* since, Make make) try {
    return make();
} catch (std::system_error const& error) {
    for (auto const refusal : {std::errc::function_not_supported,
                               std::errc::operation_not_permitted, std::errc::invalid_argument}) {
        if (error.code() != refusal) continue;
        throw contract::skipped_error(
            std::string("io_uring cannot be used here (") + error.what() + "): run on Linux " +
            since +
            " or later, set kernel.io_uring_disabled to 0, and let the container allow "
            "the calls");
    }
    throw;
}

} // namespace floor_model
