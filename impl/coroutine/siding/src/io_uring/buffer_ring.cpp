// SPDX-License-Identifier: MIT
#include "io_uring/buffer_ring.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

namespace siding::detail {

buffer_ring::buffer_ring(ring& owner, std::uint16_t group, std::uint16_t count, std::uint32_t bytes)
    : owner_(owner), group_(group), mask_(static_cast<std::uint16_t>(count - 1)), bytes_(bytes) {
    auto const slots_bytes = std::size_t{count} * sizeof(io_uring_buf);
    // The slots come first and must be page-aligned; the data follows in the same mapping.
    auto const data_offset = (slots_bytes + 4095) / 4096 * 4096;
    mapped_bytes_ = data_offset + std::size_t{count} * stride();
    auto* const memory =
        ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
    ::madvise(memory, mapped_bytes_, MADV_DONTFORK); // the kernel writes to these pages
    slots_ = static_cast<io_uring_buf_ring*>(memory);
    data_ = static_cast<std::byte*>(memory) + data_offset;

    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(slots_);
    registration.ring_entries = count;
    registration.bgid = group;
    if (auto const result = owner.register_with(IORING_REGISTER_PBUF_RING, &registration, 1);
        result < 0) {
        ::munmap(memory, mapped_bytes_);
        throw std::system_error(-result, std::system_category(), "io_uring buffer ring");
    }
    hand_out_more();
}

buffer_ring::~buffer_ring() {
    if (slots_ == nullptr) return;
    io_uring_buf_reg registration{};
    registration.bgid = group_;
    owner_.register_with(IORING_UNREGISTER_PBUF_RING, &registration, 1);
    ::munmap(slots_, mapped_bytes_);
}

void buffer_ring::give_back(std::uint16_t id) noexcept {
    add(id);
    publish();
}

bool buffer_ring::hand_out_more() noexcept {
    auto const end = std::min<unsigned>(handed_out_ + at_a_time, mask_ + 1u);
    if (handed_out_ == end) return false;
    for (; handed_out_ != end; ++handed_out_) {
        add(static_cast<std::uint16_t>(handed_out_));
    }
    publish();
    return true;
}

void buffer_ring::add(std::uint16_t id) noexcept {
    // The first slot shares its last two bytes with the tail: write the fields, never the struct.
    auto& slot = reinterpret_cast<io_uring_buf*>(slots_)[tail_ & mask_];
    slot.addr = reinterpret_cast<std::uint64_t>(data_ + std::size_t{id} * stride());
    slot.len = bytes_;
    slot.bid = id;
    ++tail_;
}

void buffer_ring::publish() noexcept {
    // release: the kernel must see the slots before the tail that covers them.
    std::atomic_ref(slots_->tail).store(tail_, std::memory_order_release);
}

} // namespace siding::detail
