// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

/// What libFuzzer calls, and standalone.cpp where there is no libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t bytes);

namespace fuzz {

/// Decisions, taken from the bytes of an input; 0 when they are used up.
class input {
public:
    input(std::uint8_t const* data, std::size_t bytes) noexcept
        : position_(data), end_(data + bytes) {}

    [[nodiscard]] bool empty() const noexcept { return position_ == end_; }
    [[nodiscard]] std::uint8_t byte() noexcept {
        return position_ == end_ ? std::uint8_t{0} : *position_++;
    }
    /// 0 to `most`.
    [[nodiscard]] std::size_t upto(std::size_t most) noexcept {
        return most < 256 ? byte() % (most + 1) : number() % (most + 1);
    }
    [[nodiscard]] std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        auto const count =
            std::min<std::size_t>(sizeof value, static_cast<std::size_t>(end_ - position_));
        std::memcpy(&value, position_, count);
        position_ += count;
        return value;
    }
    [[nodiscard]] std::string text(std::size_t most) {
        auto const wanted = upto(most); // before the rest is measured, for it takes of that
        auto const count = std::min(wanted, static_cast<std::size_t>(end_ - position_));
        std::string made(reinterpret_cast<char const*>(position_), count);
        position_ += count;
        return made;
    }

private:
    std::uint8_t const* position_;
    std::uint8_t const* end_;
};

/// Ends the process, so that the input is kept.
#define FUZZ_EXPECT(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition);         \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)

} // namespace fuzz
