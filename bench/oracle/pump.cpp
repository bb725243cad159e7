// SPDX-License-Identifier: MIT
#include "contract/echo_service.hpp"
#include "oracle/all.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::pump;

struct pump_rules final : rules<pump> {
    static constexpr std::uint64_t mebi = 1'048'576;

    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 4}, {.connections = 3, .messages = 6}};
        case preset::quick:
            return {{.connections = 1, .messages = 300}, {.connections = 8, .messages = 400}};
        case preset::full:
            return {{.connections = 1, .messages = 3'000},
                    {.connections = 8, .messages = 3'000},
                    {.connections = 64, .messages = 3'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "MiB"; }
    std::uint64_t units(params const& p) const override {
        return p.messages * p.message_bytes / mebi;
    }
    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t sockets(params const& p) const override { return p.connections; }
    std::string refuse(params const& p) const override {
        if (auto why = rules_for<contract::echo>().refuse(contract::as_echo(p)); !why.empty()) {
            return why;
        }
        if (p.messages * p.message_bytes % mebi == 0) return {};
        return fmt::format("messages={} of message_bytes={} are no whole number of MiB", p.messages,
                           p.message_bytes);
    }
    pump::outcome expected(params const& p, std::uint64_t seed) const override {
        return rules_for<contract::echo>().expected(contract::as_echo(p), seed);
    }
    std::string check(params const& p, std::uint64_t seed, pump::outcome const& right,
                      pump::outcome const& outcome, evidence const& seen) const override {
        return rules_for<contract::echo>().check(contract::as_echo(p), seed, right, outcome, seen);
    }
};

} // namespace

rules<pump> const& rules_of(std::type_identity<pump>) {
    static pump_rules const rules;
    return rules;
}

} // namespace oracle
