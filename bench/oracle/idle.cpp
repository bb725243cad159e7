// SPDX-License-Identifier: MIT
#include "contract/workloads/idle.hpp"
#include "kernel/ballast.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace oracle {
namespace {

using contract::idle;

struct idle_rules final : rules<idle>, presents<idle> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.units = 40, .ballast_bytes = 0}, {.units = 40, .ballast_bytes = 1'000}};
        case preset::quick:
            // The first for every model, the others for those whose units are cheap.
            return {{.units = 1'000, .ballast_bytes = 0}, {.units = 100'000, .ballast_bytes = 0}};
        case preset::full:
            return {{.units = 1'000, .ballast_bytes = 0},
                    {.units = 4'000, .ballast_bytes = 0},
                    {.units = 100'000, .ballast_bytes = 0},
                    {.units = 1'000'000, .ballast_bytes = 0}};
        }
        return {};
    }
    presentation<params> presented() const override {
        return {.headline = facts::metric::waiting_bytes,
                .headline_reason =
                    "Nothing runs here: what one more waiting unit costs is its memory.",
                .preferred = {{&params::units, 100'000}, {&params::ballast_bytes, 0}}};
    }
    std::string_view unit() const override { return "waiting unit"; }
    std::uint64_t units(params const& p) const override { return p.units; }
    std::uint64_t in_flight(params const& p) const override { return p.units; }

    /// One a unit, one a look, and one that stays empty unless there is a look too many.
    std::uint64_t slots(params const& p) const override { return p.units + idle::looks + 1; }

    std::string refuse(params const& p) const override {
        if (p.units % 4 == 0) return {};
        return fmt::format("{} units do not divide into quarters", p.units);
    }

    idle::outcome expected(params const& p, std::uint64_t seed) const override {
        idle::outcome right{.released = p.units};
        std::vector<std::byte> bytes(p.ballast_bytes);
        for (std::uint64_t i = 0; i < p.units; ++i) {
            kernel::load_ballast(seed, i, bytes);
            right.sum += kernel::ballast_value(seed, i, bytes);
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, idle::outcome const& right,
                      idle::outcome const& outcome, evidence const& seen) const override {
        if (outcome.released != right.released) {
            return fmt::format("{} units released, not {}", outcome.released, right.released);
        }
        if (outcome.sum != right.sum) {
            return fmt::format("sum {}, not {}: a unit is missing, double or wrong", outcome.sum,
                               right.sum);
        }
        return check_looks(p, seen.slots);
    }

private:
    /// Each unit of a step waited from before its look until after the last one, and units of later
    /// steps came after it.
    static std::string check_looks(params const& p, std::span<contract::latency_slot const> slots) {
        auto const looks = slots.subspan(p.units);
        auto const called = std::count_if(looks.begin(), looks.end(),
                                          [](auto const& look) { return look.begin_ns != 0; });
        if (called != static_cast<std::ptrdiff_t>(idle::looks)) {
            return fmt::format("{} looks, not {}", called, idle::looks);
        }
        auto const last_ns = looks[idle::looks - 1].end_ns;
        std::uint64_t i = 0;
        std::uint64_t not_before_ns = 0;
        for (std::uint64_t step = 0; step < idle::looks; ++step) {
            for (; i < idle::steps(p)[step]; ++i) {
                auto const [begin_ns, end_ns] = slots[i];
                if (begin_ns == 0 || end_ns == 0) {
                    return fmt::format("unit {} never waited or never woke", i);
                }
                if (begin_ns < not_before_ns) {
                    return fmt::format("unit {} is of step {} and was there before it", i, step);
                }
                if (begin_ns > looks[step].begin_ns) {
                    return fmt::format("unit {} did not wait yet at look {}", i, step);
                }
                if (end_ns < last_ns) {
                    return fmt::format("unit {} had gone on before the last look", i);
                }
            }
            not_before_ns = looks[step].end_ns;
        }
        return {};
    }
};

} // namespace

rules<idle> const& rules_of(std::type_identity<idle>) {
    static idle_rules const rules;
    return rules;
}

} // namespace oracle
