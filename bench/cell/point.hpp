// SPDX-License-Identifier: MIT
#pragma once

#include "cell/nearest.hpp"
#include "cell/options.hpp"
#include "facts/errors.hpp"
#include "oracle/all.hpp"

#include <cstdint>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cell {

template <class W>
[[nodiscard]] nlohmann::json params_as_json(typename W::params const& params) {
    auto object = nlohmann::json::object();
    for (auto const& field : W::fields) {
        object[std::string(field.name)] = params.*field.member;
    }
    return object;
}

/// "/connections:64/messages:5000", in the order of the contract.
template <class W>
[[nodiscard]] std::string params_as_name(typename W::params const& params) {
    std::string name;
    for (auto const& field : W::fields) {
        name += fmt::format("/{}:{}", field.name, params.*field.member);
    }
    return name;
}

/// Overrides one field. Throws usage_error for an unknown name or a value out of range.
template <class W>
void set_field(typename W::params& params, std::string const& name, std::uint64_t value) {
    std::vector<std::string> known;
    for (auto const& field : W::fields) {
        if (field.name == name) {
            if (value < field.least || value > field.most) {
                throw facts::usage_error(
                    fmt::format("--set {}={}: out of range, {} takes {} to {} ({})", name, value,
                                W::name, field.least, field.most, field.meaning));
            }
            params.*field.member = value;
            return;
        }
        known.emplace_back(field.name);
    }
    throw facts::usage_error(
        fmt::format("--set: {} has no field '{}': {}", W::name, name, nearest(name, known)));
}

template <class W>
struct chosen_point {
    std::int64_t index; ///< in the preset; -1 if a field was set by hand
    typename W::params params;
};

/// The points that the command line asks for. Throws usage_error.
template <class W>
[[nodiscard]] std::vector<chosen_point<W>> choose_points(options const& given) {
    auto const& rules = oracle::rules_for<W>();
    auto const preset = rules.points(given.preset);
    if (given.point && *given.point >= preset.size()) {
        throw facts::usage_error(
            fmt::format("--point {}: the preset {} of {} has the points 0 to {}", *given.point,
                        given.preset_name, W::name, preset.size() - 1));
    }
    std::vector<chosen_point<W>> chosen;
    std::vector<std::string> names;
    for (std::size_t index = 0; index < preset.size(); ++index) {
        if (given.point && *given.point != index) continue;
        auto params = preset[index];
        for (auto const& [name, value] : given.set) {
            set_field<W>(params, name, value);
        }
        if (auto const why = rules.refuse(params); !why.empty()) {
            throw facts::usage_error(fmt::format("{}: {}", W::name, why));
        }
        auto name = params_as_name<W>(params);
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        names.push_back(std::move(name));
        chosen.push_back({given.set.empty() ? static_cast<std::int64_t>(index) : -1, params});
    }
    return chosen;
}

} // namespace cell
