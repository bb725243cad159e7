// SPDX-License-Identifier: MIT
#include "facts/table/fields.hpp"
#include "histogram/histogram.hpp"

#include <nlohmann/json.hpp>

namespace histogram {

namespace field = facts::field;

namespace {

nlohmann::json quantile(histogram const& of, std::uint64_t operations_above) {
    // 20 / (1 - q), with 1 / (1 - q) = operations_above: no rounding of 1 - 0.999.
    if (of.count() < 20 * operations_above) return nullptr;
    return of.value_at(1.0 - 1.0 / static_cast<double>(operations_above));
}

} // namespace

nlohmann::json to_json(histogram const& of) {
    if (of.count() == 0) {
        return {
            {field::count, 0},         {field::min_ns, nullptr}, {field::mean_ns, nullptr},
            {field::p50_ns, nullptr},  {field::p90_ns, nullptr}, {field::p99_ns, nullptr},
            {field::p999_ns, nullptr}, {field::max_ns, nullptr}, {field::hdr, of.encode_base64()}};
    }
    return {{field::count, of.count()},           {field::min_ns, of.min()},
            {field::mean_ns, of.mean()},          {field::p50_ns, quantile(of, 2)},
            {field::p90_ns, quantile(of, 10)},    {field::p99_ns, quantile(of, 100)},
            {field::p999_ns, quantile(of, 1000)}, {field::max_ns, of.max()},
            {field::hdr, of.encode_base64()}};
}

} // namespace histogram
