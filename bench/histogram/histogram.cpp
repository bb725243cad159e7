// SPDX-License-Identifier: MIT
#include "histogram/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace histogram {

namespace {

// Bucket b covers values of b + 11 bits in 1024 steps of 2^b; bucket 0 has a lower half as well.
constexpr std::uint64_t half = histogram::sub_buckets / 2;

[[nodiscard]] unsigned bucket_of(std::uint64_t ns) noexcept {
    return static_cast<unsigned>(std::bit_width(ns | (histogram::sub_buckets - 1))) -
           histogram::sub_bucket_bits;
}

} // namespace

histogram::histogram() : counts_(index_of(highest_trackable) + 1) {}

std::size_t histogram::index_of(std::uint64_t ns) noexcept {
    auto const bucket = bucket_of(ns);
    return bucket * half + (ns >> bucket);
}

std::uint64_t histogram::lowest_of(std::size_t index) noexcept {
    if (index < sub_buckets) return index;
    auto const bucket = index / half - 1;
    return (index - bucket * half) << bucket;
}

std::uint64_t histogram::highest_of(std::size_t index) noexcept { return lowest_of(index + 1) - 1; }

void histogram::record(std::uint64_t ns) noexcept {
    ++counts_[index_of(std::min(ns, highest_trackable))];
    ++count_;
    min_ = std::min(min_, ns);
    max_ = std::max(max_, ns);
    sum_ += static_cast<long double>(ns);
}

void histogram::merge(histogram const& other) noexcept {
    std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(),
                   std::plus<>());
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    sum_ += other.sum_;
}

double histogram::mean() const noexcept {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_ / static_cast<long double>(count_));
}

std::uint64_t histogram::value_at(double q) const noexcept {
    if (count_ == 0) return 0;
    auto const wanted = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))), 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
        seen += counts_[index];
        if (seen >= wanted) return std::min(highest_of(index), max_);
    }
    return max_;
}

} // namespace histogram
