// SPDX-License-Identifier: MIT
#include "contract/workloads/echo.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"
#include "oracle/served_load.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::echo;

struct echo_rules final : served_load<echo>, presents<echo> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 200, .message_bytes = 64},
                    {.connections = 8, .messages = 800, .message_bytes = 64},
                    {.connections = 3, .messages = 30, .message_bytes = 100'000}};
        case preset::quick:
            return {{.connections = 1, .messages = 5'000, .message_bytes = 64},
                    {.connections = 64, .messages = 40'000, .message_bytes = 64},
                    {.connections = 1'000, .messages = 40'000, .message_bytes = 64}};
        case preset::full:
            return {{.connections = 1, .messages = 20'000, .message_bytes = 64},
                    {.connections = 64, .messages = 200'000, .message_bytes = 64},
                    {.connections = 1'000, .messages = 200'000, .message_bytes = 64},
                    {.connections = 5'000, .messages = 200'000, .message_bytes = 64},
                    {.connections = 64, .messages = 50'000, .message_bytes = 4'096},
                    {.connections = 64, .messages = 5'000, .message_bytes = 65'536},
                    {.connections = 64,
                     .messages = 20'000,
                     .message_bytes = 64,
                     .rate_per_s = 5'000,
                     .poisson = 1},
                    {.connections = 64,
                     .messages = 60'000,
                     .message_bytes = 64,
                     .rate_per_s = 20'000,
                     .poisson = 1},
                    {.connections = 64,
                     .messages = 120'000,
                     .message_bytes = 64,
                     .rate_per_s = 40'000,
                     .poisson = 1},
                    {.connections = 64,
                     .messages = 20'000,
                     .message_bytes = 64,
                     .rate_per_s = 5'000,
                     .poisson = 1,
                     .burst = 64}};
        }
        return {};
    }
    std::string refuse(params const& p) const override {
        if (p.burst != 1 && p.rate_per_s == 0) return "a burst needs a rate_per_s above 0";
        return served_load::refuse(p);
    }
    presentation<params> presented() const override {
        return {.question = question::serving,
                .request_part = request_part::serving,
                .preferred = {{&params::connections, 64},
                              {&params::message_bytes, 64},
                              {&params::rate_per_s, 0}}};
    }
    std::string_view unit() const override { return "round trip"; }
    std::uint64_t units(params const& p) const override { return p.messages; }

    /// Without a warm-up; `check` takes what the load generator verified.
    echo::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.connections, .echoed_bytes = p.messages * p.message_bytes};
    }

    std::string check(params const&, std::uint64_t, echo::outcome const& right,
                      echo::outcome const& outcome, evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        auto wrong = check_connections(outcome.accepted, right.accepted, *seen.client);
        if (!wrong.empty()) return wrong;
        return check_bytes(outcome.echoed_bytes, right.echoed_bytes, *seen.client);
    }
};

} // namespace

rules<echo> const& rules_of(std::type_identity<echo>) {
    static echo_rules const rules;
    return rules;
}

} // namespace oracle
