// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"
#include "remote/line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace remote {

/// The memory of the probe's slots.
struct slot_file {
    int slots_fd = -1;
    std::uint64_t slots = 0;
};

/// Adds each field of the parts of an environment, by the name that it has in the contract.
template <class... Parts>
void add_environment(line& request, contract::environment<Parts...> const& around) {
    [[maybe_unused]] auto const add = [&](std::string_view name, auto value) {
        if constexpr (std::is_same_v<decltype(value), contract::descriptor>) {
            request.add(name, static_cast<std::uint64_t>(value.number));
        } else if constexpr (std::is_integral_v<decltype(value)>) {
            request.add(name, static_cast<std::uint64_t>(value));
        } else {
            request.add(name, value);
        }
    };
    (static_cast<Parts const&>(around).for_each_field(add), ...);
}

/// What a worker needs to make a session.
template <class W>
[[nodiscard]] line make_request(typename W::params const& params,
                                typename W::environment const& around, slot_file const& slots) {
    line request("make");
    request.add("workers", std::uint64_t{around.limits.workers})
        .add("cpus", fmt::format("{}", fmt::join(around.limits.cpus, ",")))
        .add("seed", around.limits.seed)
        .add("slots", slots.slots);
    if (slots.slots != 0) request.add("slots_fd", static_cast<std::uint64_t>(slots.slots_fd));
    add_environment(request, around);
    for (auto const& field : W::fields) {
        request.add(fmt::format("param.{}", field.name), params.*field.member);
    }
    return request;
}

/// The outcome, by the names of its fields. Throws line_error if one is missing.
template <class W>
[[nodiscard]] typename W::outcome outcome_from(line const& answer) {
    typename W::outcome outcome;
    static_assert(sizeof outcome == sizeof(std::uint64_t) * W::outcome_fields.size(),
                  "outcome_fields has a place for each field of the outcome");
    for (auto const& field : W::outcome_fields) {
        outcome.*field.member = answer.number(field.name);
    }
    return outcome;
}

} // namespace remote
