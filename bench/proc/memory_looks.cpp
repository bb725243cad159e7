// SPDX-License-Identifier: MIT
#include "proc/memory_looks.hpp"

#include "facts/table/fields.hpp"

#include <algorithm>
#include <malloc.h>
#include <numeric>

namespace proc {

namespace field = facts::field;

double slope(std::span<double const> x, std::span<double const> y) {
    auto const mean = [](std::span<double const> values) {
        return std::accumulate(values.begin(), values.end(), 0.0) /
               static_cast<double>(values.size());
    };
    auto const mean_x = mean(x);
    auto const mean_y = mean(y);
    double above = 0;
    double below = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        above += (x[i] - mean_x) * (y[i] - mean_y);
        below += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return below == 0 ? 0 : above / below;
}

memory_looks::memory_looks(pid_t root, std::vector<std::uint64_t> units,
                           std::span<contract::latency_slot> times)
    : root_(root), units_(std::move(units)), times_(times) {
    seen_.reserve(units_.size());
    // Memory that the heap keeps would be handed to the first units as if it cost nothing. The
    // first reading warms the code and the buffers of the second.
    static_cast<void>(read_footprint(root_));
    ::malloc_trim(0);
    before_ = read_footprint(root_);
}

void memory_looks::look() {
    auto& time = times_[std::min(seen_.size(), times_.size() - 1)];
    contract::probe clock({&time, 1});
    clock.begin(0);
    seen_.push_back(read_footprint(root_));
    clock.end(0);
    spent_ns_ += time.end_ns - time.begin_ns;
}

nlohmann::json memory_looks::report() const {
    if (seen_.size() != units_.size()) return nullptr;
    auto const as_json = [](std::uint64_t units, footprint const& memory) {
        return nlohmann::json{{field::units, units},
                              {field::pss_bytes, memory.pss_bytes},
                              {field::page_table_bytes, memory.page_table_bytes},
                              {field::kernel_stack_bytes, memory.kernel_stack_bytes}};
    };
    auto looks = nlohmann::json::array({as_json(0, before_)});
    std::vector<double> const x(units_.begin(), units_.end());
    std::vector<double> pss;
    std::vector<double> tables;
    std::vector<double> stacks;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        looks.push_back(as_json(units_[i], seen_[i]));
        pss.push_back(static_cast<double>(seen_[i].pss_bytes));
        tables.push_back(static_cast<double>(seen_[i].page_table_bytes));
        stacks.push_back(static_cast<double>(seen_[i].kernel_stack_bytes));
    }
    auto const pss_slope = slope(x, pss);
    auto const table_slope = slope(x, tables);
    auto const stack_slope = slope(x, stacks);
    return {{field::bytes_per_unit, pss_slope + table_slope + stack_slope},
            {field::pss_bytes_per_unit, pss_slope},
            {field::page_table_bytes_per_unit, table_slope},
            {field::kernel_stack_bytes_per_unit, stack_slope},
            {field::looks, looks}};
}

} // namespace proc
