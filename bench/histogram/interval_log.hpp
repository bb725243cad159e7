// SPDX-License-Identifier: MIT
#pragma once

#include "histogram/histogram.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace histogram {

/// One row of an interval log.
struct interval {
    std::string tag; ///< without commas, spaces or line breaks; "" for none
    double start_s = 0;
    double length_s = 0;
    histogram const* values = nullptr;
};

/// An HdrHistogram log, format 1.2, that existing viewers read. `start_s`: seconds since the epoch.
/// Throws std::invalid_argument for a tag that would break the format.
[[nodiscard]] std::string interval_log(double start_s, std::vector<interval> const& rows);

/// The percentile distribution as HdrHistogram prints it (.hgrm), values in microseconds.
[[nodiscard]] std::string percentile_text(histogram const& of);

} // namespace histogram
