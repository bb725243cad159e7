// SPDX-License-Identifier: MIT
#include "proc/memory_looks.hpp"

#include "facts/errors.hpp"
#include "facts/table/fields.hpp"
#include "proc/posix.hpp"
#include "proc/process_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <malloc.h>
#include <numeric>
#include <sstream>
#include <string>
#include <unistd.h>

namespace proc {

namespace field = facts::field;
namespace {

constexpr std::uint64_t page_bytes = 4'096;

/// Threads alive on this machine: the second number of the fourth field, "running/alive".
std::uint64_t threads_on_machine() {
    std::istringstream loads(read_proc("/proc/loadavg"));
    std::string field;
    for (int i = 0; i < 4; ++i) {
        loads >> field;
    }
    auto const slash = field.find('/');
    return slash == std::string::npos ? 0 : std::stoull(field.substr(slash + 1));
}

/// The kernel tells the sum over all threads of the machine only; all have stacks of one size.
std::uint64_t read_kernel_stack_bytes() {
    auto const all_kib = number_after(read_proc("/proc/meminfo"), "KernelStack").value_or(0);
    auto const threads = threads_on_machine();
    if (all_kib == 0 || threads == 0) {
        throw facts::harness_error(
            "/proc/meminfo has no KernelStack: memory per unit cannot be measured");
    }
    auto const pages = (all_kib * 1'024 / threads + page_bytes / 2) / page_bytes;
    return pages * page_bytes;
}

std::uint64_t kernel_stack_of_a_thread() {
    static auto const bytes = read_kernel_stack_bytes();
    return bytes;
}

std::uint64_t kibibytes(std::string const& text, std::string const& key) {
    auto const found = number_after(text, key);
    if (!found)
        throw facts::harness_error(fmt::format("no {} in /proc: memory cannot be measured", key));
    return *found * 1'024;
}

} // namespace

footprint read_footprint(pid_t root) {
    footprint sum;
    auto processes = descendants(root, {});
    processes.push_back(root);
    for (auto const process : processes) {
        auto const status = read_proc(fmt::format("/proc/{}/status", process));
        auto const rollup = read_proc(fmt::format("/proc/{}/smaps_rollup", process));
        sum.pss_bytes += kibibytes(rollup, "Pss");
        sum.page_table_bytes += kibibytes(status, "VmPTE");
        sum.kernel_stack_bytes +=
            number_after(status, "Threads").value_or(1) * kernel_stack_of_a_thread();
    }
    return sum;
}

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
    auto const as_json = [](std::uint64_t units, footprint const& at) {
        return nlohmann::json{{field::units, units},
                              {field::pss_bytes, at.pss_bytes},
                              {field::page_table_bytes, at.page_table_bytes},
                              {field::kernel_stack_bytes, at.kernel_stack_bytes}};
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
