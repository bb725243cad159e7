// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace kernel {

/// Pages that children forked later share with the parent; zeroed. All models keep the data of a
/// workload in them, so that memory is the same for threads and for processes. Throws
/// std::system_error.
class shared_pages {
public:
    explicit shared_pages(std::size_t bytes);
    shared_pages(shared_pages const&) = delete;
    shared_pages& operator=(shared_pages const&) = delete;
    ~shared_pages();

    template <class T>
    [[nodiscard]] std::span<T> as(std::size_t offset, std::size_t count) const noexcept {
        static_assert(std::is_trivial_v<T>);
        return {reinterpret_cast<T*>(static_cast<std::byte*>(memory_) + offset), count};
    }

private:
    std::size_t bytes_;
    void* memory_;
};

} // namespace kernel
