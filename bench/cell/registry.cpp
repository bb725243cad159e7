// SPDX-License-Identifier: MIT
#include "cell/registry.hpp"

#include "cell/measure.hpp"
#include "cell/nearest.hpp"
#include "cell/point.hpp"
#include "facts/errors.hpp"
#include "facts/table/fields.hpp"
#include "proc/cpus.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <memory>

namespace cell {

namespace field = facts::field;
namespace {

std::string full_name(contract::cell const& cell) {
    if (cell.about.variant.empty()) return std::string(cell.workload);
    return fmt::format("{}/{}", cell.workload, cell.about.variant);
}

std::vector<contract::cell const*> chosen_cells(process_setting const& process) {
    auto const& wanted = process.given.cell;
    std::vector<contract::cell const*> chosen;
    std::vector<std::string> known;
    for (auto const& cell : process.model->cells) {
        known.push_back(full_name(cell));
        auto const all = wanted.empty() && cell.declined_because.empty();
        if (all || wanted == known.back()) chosen.push_back(&cell);
    }
    if (chosen.empty() && !wanted.empty()) {
        throw facts::usage_error(fmt::format("--cell: {} has no cell '{}': {}", process.model->name,
                                             wanted, nearest(wanted, known)));
    }
    return chosen;
}

/// The other end of the work - load generator, backend or database - has the last CPU to itself.
std::vector<int> default_cpus(std::vector<int> allowed, bool has_other_end) {
    if (has_other_end && allowed.size() > 1) allowed.pop_back();
    return allowed;
}

template <class W>
setting make_setting(process_setting& process, contract::cell const& cell,
                     chosen_point<W> const& point) {
    auto const& given = process.given;
    auto const& allowed = process.allowed_cpus;
    setting context;
    context.process = &process;
    context.cell = &cell;
    context.cpus = given.cpus ? proc::parse_cpus("--cpus", *given.cpus, allowed)
                              : default_cpus(allowed, contract::has_other_end<W>);
    context.client_cpus = given.client_cpus
                              ? proc::parse_cpus("--client-cpus", *given.client_cpus, allowed)
                              : std::vector<int>{allowed.back()};
    context.workers = given.workers.value_or(static_cast<unsigned>(context.cpus.size()));
    context.name = fmt::format("{}/{}{}", process.model->name, full_name(cell),
                               params_as_name<W>(point.params));
    context.identity = {{field::schema, 1},
                        {field::model, process.model->name},
                        {field::variant, cell.about.variant},
                        {field::workload, W::name},
                        {field::preset, given.preset_name},
                        {field::point, point.index},
                        {field::params, params_as_json<W>(point.params)},
                        {field::workers, context.workers},
                        {field::cpus, context.cpus},
                        {field::client_cpus, context.client_cpus},
                        {field::seed, given.seed},
                        {field::units, oracle::rules_for<W>().units(point.params)},
                        {field::unit, oracle::rules_for<W>().unit()}};
    // A tag never hides what was measured.
    for (auto const& [key, value] : given.tags.items()) {
        if (!blank_sample(context).contains(key)) context.identity[key] = value;
    }
    return context;
}

template <class W>
void register_cell(process_setting& process, contract::cell const& cell) {
    for (auto const& point : choose_points<W>(process.given)) {
        auto const work = std::make_shared<job<W>>(
            job<W>{.context = make_setting<W>(process, cell, point), .params = point.params});
        auto* const registered = benchmark::RegisterBenchmark(
            work->context.name.c_str(), [work](benchmark::State& state) { measure(*work, state); });
        registered->UseManualTime()->Unit(benchmark::kMicrosecond);
        if constexpr (contract::is_looked_at<W>) {
            registered->Iterations(1);
        } else if (!has_benchmark_flag(process.given, "min_time")) {
            auto const most = cell.about.most_iterations;
            auto const usual =
                std::min<std::uint64_t>(W::role == contract::role::server ? 1 : 3, most);
            registered->Iterations(
                static_cast<benchmark::IterationCount>(process.given.iterations.value_or(usual)));
        }
    }
}

} // namespace

void register_benchmarks(process_setting& process) {
    for (auto const* const cell : chosen_cells(process)) {
        auto known = false;
        oracle::all_workloads::for_each([&]<class W>(std::type_identity<W>) {
            if (cell->workload != W::name) return;
            known = true;
            register_cell<W>(process, *cell);
        });
        if (!known) {
            throw facts::harness_error(
                fmt::format("the model {} names a workload '{}' that no oracle "
                            "knows",
                            process.model->name, cell->workload));
        }
    }
}

} // namespace cell
