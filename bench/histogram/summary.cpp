// SPDX-License-Identifier: MIT
#include "histogram/histogram.hpp"

#include <nlohmann/json.hpp>

namespace histogram {

namespace {

nlohmann::json quantile(histogram const& of, std::uint64_t operations_above) {
    // 20 / (1 - q), with 1 / (1 - q) = operations_above: no rounding of 1 - 0.999.
    if (of.count() < 20 * operations_above) return nullptr;
    return of.value_at(1.0 - 1.0 / static_cast<double>(operations_above));
}

} // namespace

nlohmann::json to_json(histogram const& of) {
    if (of.count() == 0) {
        return {{"count", 0},         {"min_ns", nullptr}, {"mean_ns", nullptr},
                {"p50_ns", nullptr},  {"p90_ns", nullptr}, {"p99_ns", nullptr},
                {"p999_ns", nullptr}, {"max_ns", nullptr}, {"hdr", of.encode_base64()}};
    }
    return {{"count", of.count()},           {"min_ns", of.min()},
            {"mean_ns", of.mean()},          {"p50_ns", quantile(of, 2)},
            {"p90_ns", quantile(of, 10)},    {"p99_ns", quantile(of, 100)},
            {"p999_ns", quantile(of, 1000)}, {"max_ns", of.max()},
            {"hdr", of.encode_base64()}};
}

} // namespace histogram
