// SPDX-License-Identifier: MIT
#include "kernel/picture.hpp"

#include "kernel/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

namespace kernel {
namespace {

constexpr double lobes = 3;
constexpr std::size_t channels = 3;
/// 255 times a sum of weights a little above 1 leaves room below 2^31.
constexpr int fraction_bits = 22;
/// Pictures begin at one of this many places, each on a cache line of its own.
constexpr std::uint64_t places = 1'024;
constexpr std::size_t line_bytes = 64;

double lanczos(double x) {
    if (x == 0) return 1;
    if (std::abs(x) >= lobes) return 0;
    auto const angle = std::numbers::pi * x;
    return lobes * std::sin(angle) * std::sin(angle / lobes) / (angle * angle);
}

std::byte to_byte(std::int32_t sum) noexcept {
    return static_cast<std::byte>(std::clamp(sum >> fraction_bits, 0, 255));
}

constexpr std::int32_t half = 1 << (fraction_bits - 1);

} // namespace

pictures::pictures(std::uint64_t seed, std::uint64_t side)
    : seed_(seed), bytes_(picture_bytes(side)), noise_(bytes_ + places * line_bytes) {
    payload(seed, 0, noise_);
}

std::span<std::byte const> pictures::operator[](std::uint64_t i) const noexcept {
    auto const place = static_cast<std::size_t>(mix(seed_ ^ mix(i)) % places);
    return std::span(noise_).subspan(place * line_bytes, bytes_);
}

thumbnailer::thumbnailer(std::uint64_t side, std::uint64_t thumbnail_side)
    : side_(static_cast<std::size_t>(side)),
      header_("P6\n" + std::to_string(thumbnail_side) + " " + std::to_string(thumbnail_side) +
              "\n255\n"),
      windows_(static_cast<std::size_t>(thumbnail_side)) {
    auto const scale = static_cast<double>(side) / static_cast<double>(thumbnail_side);
    auto const stretch = std::max(1.0, scale);
    for (std::size_t to = 0; to < windows_.size(); ++to) {
        auto const centre = (static_cast<double>(to) + 0.5) * scale;
        auto const least = std::floor(centre - lobes * stretch);
        auto const most = std::ceil(centre + lobes * stretch);
        auto const first = static_cast<std::size_t>(std::max(0.0, least));
        auto const last = static_cast<std::size_t>(std::min(static_cast<double>(side), most));
        std::vector<double> exact;
        double sum = 0;
        for (auto from = first; from < last; ++from) {
            exact.push_back(lanczos((static_cast<double>(from) + 0.5 - centre) / stretch));
            sum += exact.back();
        }
        windows_[to].first = first;
        for (auto const weight : exact) {
            windows_[to].weights.push_back(
                static_cast<std::int32_t>(std::lround(weight / sum * (1 << fraction_bits))));
        }
    }
}

std::vector<std::byte> thumbnailer::operator()(std::span<std::byte const> picture) const {
    auto const row_bytes = windows_.size() * channels;
    std::vector<std::byte> narrow(side_ * row_bytes);
    for (std::size_t y = 0; y < side_; ++y) {
        auto const* const row = picture.data() + y * side_ * channels;
        auto* out = narrow.data() + y * row_bytes;
        for (auto const& taken : windows_) {
            std::array<std::int32_t, channels> sums{half, half, half};
            auto const* pixel = row + taken.first * channels;
            for (auto const weight : taken.weights) {
                for (std::size_t c = 0; c < channels; ++c) {
                    sums[c] += weight * std::to_integer<std::int32_t>(pixel[c]);
                }
                pixel += channels;
            }
            out = std::transform(sums.begin(), sums.end(), out, to_byte);
        }
    }
    std::vector<std::byte> file(header_.size() + windows_.size() * row_bytes);
    std::memcpy(file.data(), header_.data(), header_.size());
    auto* out = file.data() + header_.size();
    std::vector<std::int32_t> sums(row_bytes);
    for (auto const& taken : windows_) {
        std::fill(sums.begin(), sums.end(), half);
        auto const* row = narrow.data() + taken.first * row_bytes;
        for (auto const weight : taken.weights) {
            for (std::size_t x = 0; x < row_bytes; ++x) {
                sums[x] += weight * std::to_integer<std::int32_t>(row[x]);
            }
            row += row_bytes;
        }
        out = std::transform(sums.begin(), sums.end(), out, to_byte);
    }
    return file;
}

std::string thumbnail_path(std::string_view folder, std::uint64_t i) {
    return std::string(folder) + "/" + std::to_string(i) + ".ppm";
}

} // namespace kernel
