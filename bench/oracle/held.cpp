// SPDX-License-Identifier: MIT
#include "contract/echo_service.hpp"
#include "oracle/all.hpp"

namespace oracle {
namespace {

using contract::held;

struct held_rules final : rules<held> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 20, .rate_per_s = 400},
                    {.connections = 8, .messages = 40, .rate_per_s = 400}};
        case preset::quick:
            return {{.connections = 1'000, .messages = 2'000, .rate_per_s = 1'000},
                    {.connections = 5'000, .messages = 10'000, .rate_per_s = 5'000}};
        case preset::full:
            return {{.connections = 1'000, .messages = 10'000, .rate_per_s = 1'000},
                    {.connections = 10'000, .messages = 100'000, .rate_per_s = 10'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "round trip"; }
    std::uint64_t units(params const& p) const override { return p.messages; }
    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t sockets(params const& p) const override { return p.connections; }
    std::string refuse(params const& p) const override {
        return rules_for<contract::echo>().refuse(contract::as_echo(p));
    }
    held::outcome expected(params const& p, std::uint64_t seed) const override {
        return rules_for<contract::echo>().expected(contract::as_echo(p), seed);
    }
    std::string check(params const& p, std::uint64_t seed, held::outcome const& right,
                      held::outcome const& outcome, evidence const& seen) const override {
        return rules_for<contract::echo>().check(contract::as_echo(p), seed, right, outcome, seen);
    }
};

} // namespace

rules<held> const& rules_of(std::type_identity<held>) {
    static held_rules const rules;
    return rules;
}

} // namespace oracle
