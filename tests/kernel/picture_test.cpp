// SPDX-License-Identifier: MIT
// Thumbnails against the definition of the filter, in floating point and in two dimensions at once.
#include "kernel/picture.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <set>

namespace {

double sinc(double x) {
    return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}
double lanczos_3(double x) { return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0; }

/// The value of one channel of pixel (x, y) of the result, a sum over all pixels of the source.
double by_definition(std::span<std::byte const> picture, std::size_t side, double scale,
                     std::size_t x, std::size_t y, std::size_t channel) {
    double sum = 0;
    double weights = 0;
    auto const distance = [&](std::size_t from, std::size_t to) {
        return (static_cast<double>(from) + 0.5) / scale - (static_cast<double>(to) + 0.5);
    };
    for (std::size_t v = 0; v < side; ++v) {
        for (std::size_t u = 0; u < side; ++u) {
            auto const weight = lanczos_3(distance(u, x)) * lanczos_3(distance(v, y));
            sum += weight * std::to_integer<unsigned char>(picture[(v * side + u) * 3 + channel]);
            weights += weight;
        }
    }
    return std::clamp(sum / weights, 0.0, 255.0);
}

TEST(thumbnailer, agrees_with_the_definition_of_the_filter) {
    constexpr std::size_t side = 40;
    constexpr std::size_t small = 8;
    kernel::pictures const pictures(7, side);
    kernel::thumbnailer const make_small(side, small);
    auto const file = make_small(pictures[3]);
    constexpr std::string_view header = "P6\n8 8\n255\n";
    ASSERT_EQ(file.size(), header.size() + small * small * 3);
    EXPECT_TRUE(std::equal(header.begin(), header.end(), file.begin(),
                           [](char c, std::byte b) { return static_cast<std::byte>(c) == b; }));
    for (std::size_t y = 0; y < small; ++y) {
        for (std::size_t x = 0; x < small; ++x) {
            for (std::size_t channel = 0; channel < 3; ++channel) {
                auto const found = std::to_integer<unsigned char>(
                    file[header.size() + (y * small + x) * 3 + channel]);
                // Between the passes a value is rounded and cut to 0 to 255.
                EXPECT_NEAR(found, by_definition(pictures[3], side, 5, x, y, channel), 6)
                    << x << ' ' << y << ' ' << channel;
            }
        }
    }
}

TEST(thumbnailer, keeps_a_plain_picture_plain) {
    std::vector<std::byte> const plain(kernel::picture_bytes(50), std::byte{200});
    auto const file = kernel::thumbnailer(50, 7)(plain);
    constexpr std::size_t header_bytes = 11;
    for (std::size_t i = header_bytes; i < file.size(); ++i) {
        ASSERT_EQ(file[i], std::byte{200}) << i;
    }
}

TEST(pictures, differ_and_stay_the_same) {
    kernel::pictures const pictures(1, 16);
    kernel::pictures const again(1, 16);
    kernel::pictures const other(2, 16);
    std::set<std::vector<std::byte>> seen;
    for (std::uint64_t i = 0; i < 20; ++i) {
        auto const one = pictures[i];
        ASSERT_EQ(one.size(), kernel::picture_bytes(16));
        EXPECT_TRUE(std::equal(one.begin(), one.end(), again[i].begin()));
        EXPECT_FALSE(std::equal(one.begin(), one.end(), other[i].begin()));
        seen.emplace(one.begin(), one.end());
    }
    EXPECT_GT(seen.size(), 15u);
}

} // namespace
