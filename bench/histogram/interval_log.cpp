// SPDX-License-Identifier: MIT
#include "histogram/interval_log.hpp"

#include <cmath>
#include <fmt/format.h>
#include <stdexcept>

namespace histogram {

namespace {
constexpr double ns_per_ms = 1e6;
constexpr double ns_per_us = 1e3;
} // namespace

std::string interval_log(double start_s, std::vector<interval> const& rows) {
    auto text = fmt::format("#[Histogram log format version 1.2]\n"
                            "#[StartTime: {:.3f} (seconds since epoch)]\n"
                            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                            "\"Interval_Compressed_Histogram\"\n",
                            start_s);
    for (auto const& row : rows) {
        if (row.tag.find_first_of(", \r\n") != std::string::npos) {
            throw std::invalid_argument("histogram: a tag has no commas, spaces or line breaks: " +
                                        row.tag);
        }
        if (!row.tag.empty()) text += fmt::format("Tag={},", row.tag);
        text += fmt::format("{:.3f},{:.3f},{:.3f},{}\n", row.start_s, row.length_s,
                            static_cast<double>(row.values->max()) / ns_per_ms,
                            row.values->encode_base64());
    }
    return text;
}

std::string percentile_text(histogram const& of) {
    auto text = fmt::format("{:>12} {:>12} {:>12} {:>16}\n\n", "Value", "Percentile", "TotalCount",
                            "1/(1-Percentile)");
    // Five rows for each halving of the distance to 100 %.
    auto const total = static_cast<double>(of.count());
    auto row = [&](double q) {
        auto const value = of.value_at(q);
        std::uint64_t below = 0;
        auto const last = histogram::index_of(std::min(value, histogram::highest_trackable));
        for (std::size_t i = 0; i <= last; ++i) {
            below += of.counts()[i];
        }
        text +=
            fmt::format("{:12.3f} {:12f} {:12d}", static_cast<double>(value) / ns_per_us, q, below);
        text += q < 1 ? fmt::format(" {:16.2f}\n", 1 / (1 - q)) : "\n";
    };
    for (double distance = 1; of.count() != 0 && distance * total >= 1; distance /= 2) {
        for (int fifth = 0; fifth < 5; ++fifth) {
            row(1 - distance * (1 - fifth * 0.1));
        }
    }
    if (of.count() != 0) row(1);
    text +=
        fmt::format("#[Mean    = {:12.3f}]\n#[Max     = {:12.3f}, Total count = {:12d}]\n",
                    of.mean() / ns_per_us, static_cast<double>(of.max()) / ns_per_us, of.count());
    return text;
}

} // namespace histogram
