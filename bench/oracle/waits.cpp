// SPDX-License-Identifier: MIT
#include "contract/workloads/waits.hpp"
#include "kernel/random.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::waits;

struct waits_rules final : rules<waits>, presents<waits> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {
                {.waits = 32, .shortest_us = 100'000, .longest_us = 120'000},
                {.waits = 1'000, .shortest_us = 1'000, .longest_us = 5'000},
                {.waits = 100, .shortest_us = 1'000, .longest_us = 5'000, .timer_slack_us = 1'000}};
        case preset::quick:
            return {{.waits = 1'000, .shortest_us = 1'000, .longest_us = 10'000},
                    {.waits = 10'000, .shortest_us = 1'000, .longest_us = 10'000},
                    {.waits = 100'000, .shortest_us = 1'000, .longest_us = 10'000},
                    {.waits = 10'000,
                     .shortest_us = 1'000,
                     .longest_us = 10'000,
                     .timer_slack_us = 1'000}};
        case preset::full:
            return {{.waits = 1'000, .shortest_us = 10'000, .longest_us = 100'000},
                    {.waits = 10'000, .shortest_us = 10'000, .longest_us = 100'000},
                    {.waits = 100'000, .shortest_us = 10'000, .longest_us = 100'000},
                    {.waits = 100'000, .shortest_us = 50'000, .longest_us = 50'000},
                    {.waits = 1'000'000, .shortest_us = 100'000, .longest_us = 1'000'000},
                    {.waits = 10'000,
                     .shortest_us = 10'000,
                     .longest_us = 100'000,
                     .timer_slack_us = 1'000}};
        }
        return {};
    }
    presentation<params> presented() const override {
        return {
            .question = question::waiting,
            .headline = facts::metric::cpu_per_unit_ns,
            .headline_reason =
                "All waits are in progress at once, so that a run takes as long as the longest "
                "wait in every model: CPU per wait is the headline here, lateness comes second.",
            .preferred = {{&params::waits, 10'000}}};
    }
    std::string_view unit() const override { return "wait"; }
    std::uint64_t units(params const& p) const override { return p.waits; }
    std::uint64_t in_flight(params const& p) const override { return p.waits; }
    std::uint64_t slots(params const& p) const override { return p.waits; }
    std::uint64_t nominal_ns(params const& p, std::uint64_t seed, std::uint64_t i) const override {
        return kernel::wait_ns(seed, i, p.shortest_us, p.longest_us);
    }
    std::string refuse(params const& p) const override {
        if (p.shortest_us <= p.longest_us) return {};
        return fmt::format("shortest_us={} is more than longest_us={}", p.shortest_us,
                           p.longest_us);
    }

    waits::outcome expected(params const& p, std::uint64_t) const override {
        waits::outcome right;
        for (std::uint64_t i = 0; i < p.waits; ++i) {
            ++right.completed;
            right.checksum += kernel::mix(i);
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t seed, waits::outcome const& right,
                      waits::outcome const& outcome, evidence const& seen) const override {
        if (outcome.completed != right.completed) {
            return fmt::format("{} of {} waits completed", outcome.completed, right.completed);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("checksum {}, not {}: a wait was counted twice and another never",
                               outcome.checksum, right.checksum);
        }
        auto wrong = check_durations(seen.slots, [&](auto i) { return nominal_ns(p, seed, i); });
        if (wrong.empty() && p.waits * slowest_arm_ns <= p.shortest_us * 1'000) {
            // A quarter and not all: a stall of this machine between two starts must not make a
            // right answer wrong. Fewer are at once where a few threads wait for one each.
            wrong = check_at_once(seen.slots, (p.waits + 3) / 4);
        }
        return wrong;
    }
};

} // namespace

rules<waits> const& rules_of(std::type_identity<waits>) {
    static waits_rules const rules;
    return rules;
}

} // namespace oracle
