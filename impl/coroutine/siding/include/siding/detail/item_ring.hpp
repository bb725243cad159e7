// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace siding::detail {

/// First in, first out, in one block of memory that doubles when full. A deque's two levels of
/// blocks cost more than the switch between two tasks that pass one item on. Moving a T to the
/// larger block must not throw, or items could be lost.
template <class T>
class item_ring {
public:
    item_ring() = default;
    item_ring(item_ring const&) = delete;
    item_ring& operator=(item_ring const&) = delete;
    ~item_ring() {
        while (head_ != tail_) {
            at(head_++).~T();
        }
        release(items_, capacity());
    }

    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }

    void push_back(T&& item) {
        if (size() == mask_ + 1) [[unlikely]]
            grow();
        ::new (static_cast<void*>(items_ + (tail_ & mask_))) T(std::move(item));
        ++tail_;
    }
    /// Not empty.
    [[nodiscard]] T pop_front() {
        auto& first = at(head_);
        T item = std::move(first);
        first.~T();
        ++head_;
        return item;
    }

private:
    [[nodiscard]] T& at(std::size_t position) noexcept { return items_[position & mask_]; }
    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    static void release(T* items, std::size_t capacity) noexcept {
        if (capacity != 0) std::allocator<T>().deallocate(items, capacity);
    }

    [[gnu::noinline]] void grow() {
        static_assert(std::is_nothrow_move_constructible_v<T>, "see above");
        auto const larger = capacity() == 0 ? std::size_t{8} : capacity() * 2;
        auto* const moved = std::allocator<T>().allocate(larger);
        auto const count = size();
        for (std::size_t i = 0; i < count; ++i) {
            auto& item = at(head_ + i);
            ::new (static_cast<void*>(moved + i)) T(std::move(item));
            item.~T();
        }
        release(items_, capacity());
        items_ = moved;
        mask_ = larger - 1;
        head_ = 0;
        tail_ = count;
    }

    T* items_ = nullptr;
    std::size_t mask_ = ~std::size_t{0}; ///< capacity - 1, a power of two
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

} // namespace siding::detail
