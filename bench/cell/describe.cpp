// SPDX-License-Identifier: MIT
#include "cell/describe.hpp"

#include "cell/build_info.hpp"
#include "cell/point.hpp"
#include "oracle/all.hpp"
#include "oracle/presentation.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cell {
namespace {

using nlohmann::json;

std::string_view name_of(contract::group group) {
    switch (group) {
    case contract::group::lesson:
        return "lesson";
    case contract::group::io_bound:
        return "io_bound";
    case contract::group::cpu_bound:
        return "cpu_bound";
    case contract::group::mixed:
        return "mixed";
    case contract::group::primitive:
        return "primitive";
    case contract::group::self:
        return "self";
    }
    return "";
}

std::string_view name_of(contract::role role) {
    switch (role) {
    case contract::role::batch:
        return "batch";
    case contract::role::server:
        return "server";
    case contract::role::client:
        return "client";
    }
    return "";
}

std::string trimmed(std::string_view text) {
    auto const begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

/// "key=value; key=value" as an object; what has no "=" is a key with an empty value.
json parse_ledger(std::string_view ledger) {
    auto parsed = json::object();
    for (std::size_t position = 0; position < ledger.size();) {
        auto const end = std::min(ledger.find(';', position), ledger.size());
        auto const item = ledger.substr(position, end - position);
        auto const equals = std::min(item.find('='), item.size());
        auto const key = trimmed(item.substr(0, equals));
        if (!key.empty()) {
            parsed[key] = equals < item.size() ? trimmed(item.substr(equals + 1)) : std::string();
        }
        position = end + 1;
    }
    return parsed;
}

json describe_cell(contract::cell const& cell) {
    auto const& about = cell.about;
    json declined;
    if (!cell.declined_because.empty()) declined = cell.declined_because;
    json described{
        {"workload", cell.workload},
        {"variant", about.variant},
        {"style", about.style == contract::style::tuned ? "tuned" : "idiomatic"},
        {"allowance", about.allowance == contract::allowance::workers ? "workers" : "one_per_unit"},
        {"ledger", parse_ledger(about.ledger)},
        {"declined", declined}};
    if (about.runtime_threads != 0) {
        described["ledger"]["runtime_threads"] = std::to_string(about.runtime_threads);
    }
    if (about.most_iterations != contract::traits{}.most_iterations) {
        described["iterations"] = about.most_iterations;
    }
    return described;
}

json or_null(std::string_view name) { return name.empty() ? json() : json(name); }

/// What a report makes of the workload: it travels with the run, so that no report needs a list.
template <class W>
json describe_presentation() {
    auto const presented = oracle::presentation_of<W>(oracle::rules_for<W>());
    auto preferred = json::object();
    for (auto const& size : presented.preferred) {
        for (auto const& field : W::fields) {
            if (field.member == size.member) preferred[field.name] = size.value;
        }
    }
    return {{"question", or_null(oracle::name_of(presented.question))},
            {"request_part", or_null(oracle::name_of(presented.request_part))},
            {"headline", presented.headline},
            {"headline_reason", presented.headline_reason},
            {"preferred", std::move(preferred)}};
}

template <class W>
json describe_workload() {
    auto const& rules = oracle::rules_for<W>();
    auto fields = json::array();
    for (auto const& field : W::fields) {
        fields.push_back({{"name", field.name},
                          {"least", field.least},
                          {"most", field.most},
                          {"meaning", field.meaning}});
    }
    auto outcome = json::array();
    for (auto const& field : W::outcome_fields) {
        outcome.push_back(field.name);
    }
    auto presets = json::object();
    for (auto const& [name, preset] :
         {std::pair("smoke", oracle::preset::smoke), std::pair("quick", oracle::preset::quick),
          std::pair("full", oracle::preset::full)}) {
        auto points = json::array();
        for (auto const& params : rules.points(preset)) {
            points.push_back(params_as_json<W>(params));
        }
        presets[name] = std::move(points);
    }
    return {{"name", W::name},
            {"group", name_of(W::group)},
            {"role", name_of(W::role)},
            {"other_end", contract::has_other_end<W>},
            {"unit", rules.unit()},
            {"in_report", describe_presentation<W>()},
            {"fields", std::move(fields)},
            {"outcome", std::move(outcome)},
            {"presets", std::move(presets)}};
}

} // namespace

json describe(contract::model const& model) {
    auto cells = json::array();
    for (auto const& cell : model.cells) {
        cells.push_back(describe_cell(cell));
    }
    std::multimap<contract::group, json> workloads; // equal groups stay in the order of their names
    oracle::all_workloads::for_each([&]<class W>(std::type_identity<W>) {
        workloads.emplace(W::group, describe_workload<W>());
    });
    auto in_groups = json::array();
    for (auto& [group, described] : workloads) {
        in_groups.push_back(std::move(described));
    }
    json described{{"schema", 1},
                   {"model", model.name},
                   {"summary", model.summary},
                   {"library", model.library},
                   {"build",
                    {{"type", build::type},
                     {"compiler", build::compiler},
                     {"flags", build::flags},
                     {"sanitizer", build::sanitizer}}},
                   {"cells", std::move(cells)},
                   {"workloads", std::move(in_groups)}};
    if (model.foreign) described["foreign"] = true;
    if (!model.missing.reason.empty()) {
        described["missing"] = {{"skipped", model.missing.reason},
                                {"install", model.missing.install}};
    }
    return described;
}

} // namespace cell
