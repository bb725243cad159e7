// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace siding::detail {

class link_to_mortal;

/// What may end before those who refer to it: a lock, a condition. Python's collector keeps such an
/// object for them; here the references learn of its end.
class mortal {
public:
    mortal() = default;
    mortal(mortal const&) = delete;
    mortal& operator=(mortal const&) = delete;

protected:
    ~mortal();

private:
    friend link_to_mortal;
    link_to_mortal* first_ = nullptr;
};

/// One of the references to a mortal, in its list as long as both live.
class link_to_mortal {
protected:
    explicit link_to_mortal(mortal& to) noexcept { enter(to.first_); }
    link_to_mortal(link_to_mortal&& other) noexcept { take_place_of(other); }
    link_to_mortal& operator=(link_to_mortal&&) = delete;
    ~link_to_mortal() { leave(); }

    [[nodiscard]] bool is_alive() const noexcept { return place_ != nullptr; }
    void leave() noexcept {
        if (place_ == nullptr) return;
        *place_ = next_;
        if (next_ != nullptr) next_->place_ = place_;
        place_ = nullptr;
    }

private:
    friend mortal;

    void enter(link_to_mortal*& place) noexcept {
        next_ = place;
        if (next_ != nullptr) next_->place_ = &next_;
        place_ = &place;
        place = this;
    }
    void take_place_of(link_to_mortal& other) noexcept {
        place_ = std::exchange(other.place_, nullptr);
        if (place_ == nullptr) return;
        next_ = other.next_;
        *place_ = this;
        if (next_ != nullptr) next_->place_ = &next_;
    }

    link_to_mortal* next_ = nullptr;
    link_to_mortal** place_ = nullptr; ///< what points to us; null once the mortal has ended
};

inline mortal::~mortal() {
    while (first_ != nullptr) {
        first_->leave();
    }
}

/// A reference that is null once its T has ended.
template <class T>
class reference_to : link_to_mortal {
public:
    explicit reference_to(T& to) noexcept : link_to_mortal(to), to_(&to) {}
    reference_to(reference_to&&) noexcept = default;

    [[nodiscard]] T* get() const noexcept { return is_alive() ? to_ : nullptr; }
    /// Null from now on.
    void reset() noexcept { leave(); }

private:
    T* to_;
};

} // namespace siding::detail
