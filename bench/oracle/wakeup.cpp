// SPDX-License-Identifier: MIT
#include "contract/workloads/wakeup.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace oracle {
namespace {

using contract::wakeup;

struct wakeup_rules final : rules<wakeup> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.wakes = 20, .pause_us = 50}};
        case preset::quick:
            return {{.wakes = 2'000, .pause_us = 50}};
        case preset::full:
            return {{.wakes = 20'000, .pause_us = 50}, {.wakes = 2'000, .pause_us = 2'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "wake"; }
    std::uint64_t units(params const& p) const override { return p.wakes; }
    std::uint64_t in_flight(params const&) const override { return 2; }
    std::uint64_t slots(params const& p) const override { return p.wakes; }

    wakeup::outcome expected(params const& p, std::uint64_t seed) const override {
        wakeup::outcome right{.wakes = p.wakes, .chain = seed};
        for (std::uint64_t i = 0; i < p.wakes; ++i) {
            right.chain = kernel::mix(right.chain + i);
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, wakeup::outcome const& right,
                      wakeup::outcome const& outcome, evidence const& seen) const override {
        if (outcome.wakes != right.wakes) {
            return fmt::format("{} wakes arrived, not {}", outcome.wakes, right.wakes);
        }
        if (outcome.chain != right.chain) {
            return fmt::format("chain {}, not {}: wakes were joined or invented", outcome.chain,
                               right.chain);
        }
        if (seen.run_ns != 0 && seen.run_ns < p.wakes * p.pause_us * 1'000) {
            return fmt::format("{} ns are too few for {} pauses of {} us", seen.run_ns, p.wakes,
                               p.pause_us);
        }
        for (std::size_t i = 1; i < std::min<std::size_t>(seen.slots.size(), p.wakes); ++i) {
            if (seen.slots[i].begin_ns < seen.slots[i - 1].end_ns + p.pause_us * 1'000) {
                return fmt::format("wake {} came less than {} us after wake {} arrived: the unit "
                                   "may have been awake",
                                   i, p.pause_us, i - 1);
            }
        }
        return {};
    }
};

} // namespace

rules<wakeup> const& rules_of(std::type_identity<wakeup>) {
    static wakeup_rules const rules;
    return rules;
}

} // namespace oracle
