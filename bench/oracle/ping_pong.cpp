// SPDX-License-Identifier: MIT
#include "contract/workloads/ping_pong.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::ping_pong;

struct ping_pong_rules final : rules<ping_pong> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.trips = 50, .cpus = 1}, {.trips = 50, .cpus = 2}};
        case preset::quick:
            return {{.trips = 20'000, .cpus = 1}, {.trips = 2'000, .cpus = 2}};
        case preset::full:
            return {{.trips = 500'000, .cpus = 1}, {.trips = 20'000, .cpus = 2}};
        }
        return {};
    }
    std::string_view unit() const override { return "trip"; }
    std::uint64_t units(params const& p) const override { return p.trips; }
    std::uint64_t in_flight(params const&) const override { return 2; }

    ping_pong::outcome expected(params const& p, std::uint64_t seed) const override {
        ping_pong::outcome right{.trips = p.trips, .token = seed};
        for (std::uint64_t trip = 0; trip < p.trips; ++trip) {
            right.token = kernel::mix(kernel::mix(right.token + 1));
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, ping_pong::outcome const& right,
                      ping_pong::outcome const& outcome, evidence const&) const override {
        if (outcome.trips != right.trips) {
            return fmt::format("{} trips, not {}", outcome.trips, right.trips);
        }
        if (outcome.token == right.token) return {};
        return fmt::format("token {}, not {}: it did not pass through both units in turn",
                           outcome.token, right.token);
    }
};

} // namespace

rules<ping_pong> const& rules_of(std::type_identity<ping_pong>) {
    static ping_pong_rules const rules;
    return rules;
}

} // namespace oracle
