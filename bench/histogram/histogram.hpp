// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace histogram {

/// Latencies in nanoseconds from 1 ns to an hour in log-linear buckets of at most 0.1 % width: the
/// layout of HdrHistogram with three significant digits, so that what is exported is exact.
/// `record` touches one counter and allocates nothing. Not thread-safe.
class histogram {
public:
    histogram();

    /// Longer than an hour counts as an hour; `max` stays exact.
    void record(std::uint64_t ns) noexcept;
    void merge(histogram const& other) noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// 0 when empty, as all that follow.
    [[nodiscard]] std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
    [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
    [[nodiscard]] double mean() const noexcept;

    /// The greatest value that the bucket of the q-quantile holds, q in [0, 1]; never above `max`.
    [[nodiscard]] std::uint64_t value_at(double q) const noexcept;

    /// HdrHistogram V2, compressed, in base64: text that starts with "HISTFAAA".
    /// Source: HdrHistogram_c, hdr_histogram_log.c.
    [[nodiscard]] std::string encode_base64() const;
    /// Throws std::invalid_argument for anything but such a text.
    [[nodiscard]] static histogram decode_base64(std::string_view text);

    // -- The layout, for exports and tests -----------------------------------------------------

    static constexpr unsigned sub_bucket_bits = 11; // 2048 linear buckets: three digits
    static constexpr std::uint64_t sub_buckets = 1u << sub_bucket_bits;
    static constexpr std::uint64_t highest_trackable = 3'600'000'000'000;

    [[nodiscard]] static std::size_t index_of(std::uint64_t ns) noexcept;
    [[nodiscard]] static std::uint64_t lowest_of(std::size_t index) noexcept;
    [[nodiscard]] static std::uint64_t highest_of(std::size_t index) noexcept;
    [[nodiscard]] std::vector<std::uint64_t> const& counts() const noexcept { return counts_; }

private:
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t min_ = ~std::uint64_t{0};
    std::uint64_t max_ = 0;
    // Exact, unlike a sum over buckets.
    long double sum_ = 0;
};

/// The latency object of docs/protocol.md. A quantile q with fewer than 20 / (1 - q) operations is
/// null: the tail of few operations is the largest of them, and says nothing.
[[nodiscard]] nlohmann::json to_json(histogram const& of);

} // namespace histogram
