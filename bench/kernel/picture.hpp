// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The pictures of `pipeline`, and what is made of them.
namespace kernel {

/// Red, green and blue of each pixel, rows from the top.
[[nodiscard]] constexpr std::size_t picture_bytes(std::uint64_t side) noexcept {
    return static_cast<std::size_t>(side * side * 3);
}

/// All pictures of a seed: windows of one stretch of noise, so that they lie in memory and sending
/// one costs no more than sending.
class pictures {
public:
    pictures(std::uint64_t seed, std::uint64_t side);

    /// Picture `i`; lives as long as this object.
    [[nodiscard]] std::span<std::byte const> operator[](std::uint64_t i) const noexcept;

private:
    std::uint64_t seed_;
    std::size_t bytes_;
    std::vector<std::byte> noise_;
};

/// Makes pictures of `side` pixels a side small: Lanczos' filter with three lobes, stretched by the
/// ratio of the sides, rows first and columns after (Duchon, "Lanczos Filtering in One and Two
/// Dimensions", 1979; what image libraries call LANCZOS or antialias). In fixed point, so that the
/// result is the same everywhere. May be used from several threads at once.
class thumbnailer {
public:
    thumbnailer(std::uint64_t side, std::uint64_t thumbnail_side);

    /// `picture`: picture_bytes(side) bytes. A whole PPM file (P6), which image viewers open.
    [[nodiscard]] std::vector<std::byte> operator()(std::span<std::byte const> picture) const;

private:
    /// What one pixel of the result takes of which pixels of the source.
    struct window {
        std::size_t first;
        std::vector<std::int32_t> weights;
    };

    std::size_t side_;
    std::string header_;
    std::vector<window> windows_; ///< by pixel of a row of the result, or of a column
};

/// "FOLDER/I.ppm".
[[nodiscard]] std::string thumbnail_path(std::string_view folder, std::uint64_t i);

} // namespace kernel
