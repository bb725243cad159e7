// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <sys/mman.h>
#include <type_traits>

namespace process {

/// An array that children forked later share with the parent. Value-initialised; unmapped by each
/// process for itself.
template <class T>
class shared_array {
    static_assert(std::is_trivially_destructible_v<T>);

public:
    explicit shared_array(std::size_t size) : size_(size) {
        auto* const memory =
            ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw_errno("mmap of shared memory");
        items_ = static_cast<T*>(memory);
        std::uninitialized_value_construct_n(items_, size_);
    }
    shared_array(shared_array const&) = delete;
    shared_array& operator=(shared_array const&) = delete;
    ~shared_array() { ::munmap(items_, bytes()); }

    T& operator[](std::size_t i) const noexcept { return items_[i]; }
    [[nodiscard]] std::span<T> all() const noexcept { return {items_, size_}; }

private:
    [[nodiscard]] std::size_t bytes() const noexcept { return size_ * sizeof(T); }

    std::size_t size_;
    T* items_ = nullptr;
};

/// A child's own place in a shared array: alone on its cache line, so that no writer disturbs
/// another.
template <class T>
struct alignas(64) own_line {
    T value{};
};

} // namespace process
