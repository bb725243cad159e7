// SPDX-License-Identifier: MIT
#include "io_uring/ring.hpp"

#include "siding/sys.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace siding::detail {

namespace {

// Newer than the oldest kernel headers that this is built with; values from linux/io_uring.h.
constexpr unsigned setup_no_sqarray = 1u << 16; // 6.6

/// From the fastest set of flags to none: a kernel refuses what it does not know with EINVAL.
constexpr unsigned always = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
constexpr unsigned deferred = always | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
constexpr std::array flag_ladder{
    deferred | setup_no_sqarray,
    deferred,
    always | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    always,
};

int sys_setup(unsigned entries, io_uring_params* params) noexcept {
    auto const result = ::syscall(SYS_io_uring_setup, entries, params);
    return result < 0 ? -errno : static_cast<int>(result);
}

int sys_enter(int fd, unsigned submit, unsigned least, unsigned flags, void const* argument,
              std::size_t bytes) noexcept {
    auto const result = sys::use().io_uring_enter(fd, submit, least, flags, argument, bytes);
    return result < 0 ? -errno : result;
}

template <class T>
T* field(std::byte* base, unsigned offset) noexcept {
    return std::launder(reinterpret_cast<T*>(base + offset));
}

std::byte* map_region(int fd, std::size_t bytes, off_t offset) {
    auto* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    if (memory == MAP_FAILED)
        throw std::system_error(errno, std::system_category(), "io_uring mmap");
    // A forked child must not submit to, or corrupt, its parent's queues.
    ::madvise(memory, bytes, MADV_DONTFORK);
    return static_cast<std::byte*>(memory);
}

} // namespace

ring::ring(unsigned submission_entries, unsigned completion_entries) {
    auto result = -EINVAL;
    io_uring_params params;
    for (auto const flags : flag_ladder) {
        params = {};
        params.flags = flags;
        params.cq_entries = completion_entries;
        result = sys_setup(submission_entries, &params);
        if (result != -EINVAL) break;
    }
    if (result < 0) throw std::system_error(-result, std::system_category(), "io_uring_setup");
    descriptor_ = result;
    setup_flags_ = params.flags;
    features_ = params.features;
    // Older than 5.11 lack the timeout in `enter`: such a ring cannot drive a loop with timers.
    constexpr unsigned needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
    try {
        if ((features_ & needed) != needed) {
            throw std::system_error(ENOSYS, std::system_category(),
                                    "io_uring is older than Linux 5.11");
        }
        map(params);
    } catch (...) {
        unmap();
        ::close(descriptor_);
        throw;
    }
}

ring::~ring() {
    unmap();
    if (descriptor_ >= 0) ::close(descriptor_);
}

void ring::abandon() noexcept {
    rings_ = nullptr;
    submissions_ = nullptr;
    ::close(std::exchange(descriptor_, -1));
}

void ring::map(io_uring_params const& params) {
    auto const no_array = (setup_flags_ & setup_no_sqarray) != 0;
    auto const submission_end =
        no_array ? params.sq_off.flags + sizeof(std::uint32_t)
                 : params.sq_off.array + params.sq_entries * sizeof(std::uint32_t);
    auto const completion_end = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
    rings_bytes_ = std::max<std::size_t>(submission_end, completion_end);
    rings_ = map_region(descriptor_, rings_bytes_, IORING_OFF_SQ_RING);
    submissions_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
    submissions_ = reinterpret_cast<io_uring_sqe*>(
        map_region(descriptor_, submissions_bytes_, IORING_OFF_SQES));

    submission_head_ = field<counter>(rings_, params.sq_off.head);
    submission_tail_ = field<counter>(rings_, params.sq_off.tail);
    submission_flags_ = field<counter>(rings_, params.sq_off.flags);
    submission_entries_ = params.sq_entries;
    submission_mask_ = params.sq_entries - 1;
    completion_head_ = field<counter>(rings_, params.cq_off.head);
    completion_tail_ = field<counter>(rings_, params.cq_off.tail);
    overflow_ = field<counter>(rings_, params.cq_off.overflow);
    completion_mask_ = params.cq_entries - 1;
    completions_ = field<io_uring_cqe>(rings_, params.cq_off.cqes);
    if (!no_array) {
        // The indirection array maps each slot to itself, once and for all.
        auto* const array = field<std::uint32_t>(rings_, params.sq_off.array);
        for (std::uint32_t i = 0; i < params.sq_entries; ++i) {
            array[i] = i;
        }
    }
}

void ring::unmap() noexcept {
    if (submissions_ != nullptr) ::munmap(submissions_, submissions_bytes_);
    if (rings_ != nullptr) ::munmap(rings_, rings_bytes_);
}

io_uring_sqe* ring::prepare() noexcept {
    if (room() == 0) return nullptr;
    auto* const entry = &submissions_[tail_++ & submission_mask_];
    std::memset(entry, 0, sizeof *entry);
    return entry;
}

int ring::enter(unsigned least, __kernel_timespec const* timeout) noexcept {
    auto const submit = prepared();
    // release: pairs with the kernel's acquire of the tail, the entries are written.
    submission_tail_->store(tail_, std::memory_order_release);
    io_uring_getevents_arg argument{};
    argument.sigmask_sz = _NSIG / 8;
    argument.ts = reinterpret_cast<std::uint64_t>(timeout);
    auto const result =
        sys_enter(descriptor_, submit, least, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                  &argument, sizeof argument);
    // The kernel's head is the truth about what was taken, also after -ETIME and -EINTR.
    submitted_ = submission_head_->load(std::memory_order_acquire);
    return std::min(result, 0);
}

bool ring::ready() const noexcept {
    constexpr auto work = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    return completion_head_->load(std::memory_order_relaxed) !=
               completion_tail_->load(std::memory_order_acquire) ||
           (submission_flags_->load(std::memory_order_relaxed) & work) != 0;
}

int ring::register_with(unsigned opcode, void const* argument, unsigned count) noexcept {
    auto const result = ::syscall(SYS_io_uring_register, descriptor_, opcode, argument, count);
    return result < 0 ? -errno : static_cast<int>(result);
}

} // namespace siding::detail
