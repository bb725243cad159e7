// SPDX-License-Identifier: MIT
// That the padding moves what is allocated after it, by its own length.
#include "cell/placement.hpp"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace {

constexpr std::size_t page_bytes = 4'096;

/// Where within a page a block lies in a fresh process; `page_bytes` if it does not say.
std::size_t offset_with(std::size_t padding) {
    ::setenv("SWITCHYARD_PADDING", std::string(padding, 'x').c_str(), 1);
    auto offset = page_bytes;
    if (auto* const probe = ::popen(PLACEMENT_PROBE, "r")) {
        if (std::fscanf(probe, "%zu", &offset) != 1) offset = page_bytes;
        ::pclose(probe);
    }
    ::unsetenv("SWITCHYARD_PADDING");
    return offset;
}

TEST(placement, moves_the_heap_by_the_padding) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's allocator has size classes";
#endif
    auto const at_home = offset_with(0);
    ASSERT_LT(at_home, page_bytes);
    EXPECT_EQ(offset_with(0), at_home) << "processes differ by the padding alone";
    for (std::size_t const padding : {std::size_t{200}, std::size_t{1'400}, std::size_t{2'040},
                                      std::size_t{3'000}, std::size_t{4'000}}) {
        auto const moved = (offset_with(padding) + page_bytes - at_home) % page_bytes;
        // malloc adds 8 bytes to a block and rounds up to 16.
        EXPECT_EQ(moved, (padding + 8 + 15) / 16 * 16) << padding;
    }
}

TEST(placement, without_a_padding_nothing_moves) {
    ::unsetenv("SWITCHYARD_PADDING");
    EXPECT_EQ(cell::padding_bytes(), 0u);
}

} // namespace
