// SPDX-License-Identifier: MIT
#include "contract/workloads/cancel.hpp"
#include "kernel/cancel.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace oracle {
namespace {

using contract::cancel;

/// The slots in the order of the requests: none was made before the one ahead of it, and none while
/// a unit of an earlier burst had not been joined, so that its clean-up was still to come.
std::string check_bursts(std::span<contract::latency_slot const> slots,
                         std::vector<std::uint64_t> const& order, std::uint64_t burst) {
    std::uint64_t last_request = 0;
    std::uint64_t ended = 0;         // the last end within earlier bursts
    std::uint64_t ended_in_this = 0; // and within this one
    for (std::uint64_t k = 0; k < order.size(); ++k) {
        if (k % burst == 0) ended = std::max(ended, ended_in_this);
        auto const [begin_ns, end_ns] = slots[order[k]];
        if (begin_ns < last_request) {
            return fmt::format("unit {} was cancelled out of turn", order[k]);
        }
        if (begin_ns < ended) {
            return fmt::format("unit {} was cancelled before the burst ahead of it had ended",
                               order[k]);
        }
        last_request = begin_ns;
        ended_in_this = std::max(ended_in_this, end_ns);
    }
    return {};
}

struct cancel_rules final : rules<cancel> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.units = 16, .burst = 1}, {.units = 32, .burst = 32}};
        case preset::quick:
            return {{.units = 1'000, .burst = 1},
                    {.units = 1'000, .burst = 1'000},
                    {.units = 50'000, .burst = 1'000}};
        case preset::full:
            return {{.units = 4'000, .burst = 1},
                    {.units = 4'000, .burst = 4'000},
                    {.units = 50'000, .burst = 1'000},
                    {.units = 1'000'000, .burst = 1'000},
                    {.units = 1'000'000, .burst = 1'000'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "cancellation"; }
    std::uint64_t units(params const& p) const override { return p.units; }
    std::uint64_t in_flight(params const& p) const override { return p.units; }
    std::uint64_t slots(params const& p) const override { return p.units; }

    std::string refuse(params const& p) const override {
        if (p.units % p.burst == 0) return {};
        return fmt::format("{} units do not divide into bursts of {}", p.units, p.burst);
    }

    cancel::outcome expected(params const& p, std::uint64_t seed) const override {
        cancel::outcome right{.joined = p.units};
        for (std::uint64_t unit = 0; unit < p.units; ++unit) {
            right.waiting += kernel::cancel::waiting_mark(seed, unit);
            right.cancelled += kernel::cancel::cancelled_mark(seed, unit);
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t seed, cancel::outcome const& right,
                      cancel::outcome const& outcome, evidence const& seen) const override {
        if (outcome.joined != right.joined) {
            return fmt::format("{} units joined, not {}", outcome.joined, right.joined);
        }
        if (outcome.waiting != right.waiting)
            return "not all units waited before the first request";
        if (outcome.cancelled != right.cancelled) {
            return "a unit did not clean up after its wait was cut short, or did so twice";
        }
        auto wrong = check_durations(seen.slots, [](auto) { return std::uint64_t{0}; });
        if (!wrong.empty()) return wrong;
        return check_bursts(seen.slots, kernel::cancel::order(seed, p.units), p.burst);
    }
};

} // namespace

rules<cancel> const& rules_of(std::type_identity<cancel>) {
    static cancel_rules const rules;
    return rules;
}

} // namespace oracle
