// SPDX-License-Identifier: MIT
// That the padding moves what is allocated after it, by its own length.
#include "proc/placement.hpp"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

namespace {

constexpr std::size_t page_bytes = 4'096;

struct places {
    std::size_t block = page_bytes;
    std::size_t function = page_bytes;
};

/// Where within a page things lie in a fresh process; `page_bytes` if it does not say.
places places_in(char const* program, std::size_t padding) {
    ::setenv("SWITCHYARD_PADDING", std::string(padding, 'x').c_str(), 1);
    places found;
    if (auto* const probe = ::popen(program, "r")) {
        if (std::fscanf(probe, "%zu %zu", &found.block, &found.function) != 2) found = {};
        ::pclose(probe);
    }
    ::unsetenv("SWITCHYARD_PADDING");
    return found;
}

std::size_t offset_with(std::size_t padding) { return places_in(PLACEMENT_PROBE, padding).block; }

TEST(placement, moves_the_code_of_a_target_that_asks_for_it) {
    auto const at_home = places_in(PLACEMENT_PROBE, 0).function;
    ASSERT_LT(at_home, page_bytes);
    EXPECT_EQ(places_in(PLACEMENT_PROBE, 0).function, at_home);
    EXPECT_EQ((places_in(MOVED_PROBE, 0).function + page_bytes - at_home) % page_bytes, 1'984u);
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
    EXPECT_EQ(proc::padding_bytes(), 0u);
}

} // namespace
