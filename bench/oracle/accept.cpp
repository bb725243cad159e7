// SPDX-License-Identifier: MIT
#include "contract/echo_service.hpp"
#include "oracle/all.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

struct accept_rules final : rules<contract::accept> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 30}, {.connections = 8, .messages = 80}};
        case preset::quick:
            return {{.connections = 1, .messages = 1'500}, {.connections = 64, .messages = 8'000}};
        case preset::full:
            return {{.connections = 1, .messages = 10'000},
                    {.connections = 64, .messages = 50'000},
                    {.connections = 512, .messages = 50'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "connection"; }
    std::uint64_t units(params const& p) const override { return p.messages; }
    /// The model may see a connection end later than the next ones come: nobody waits for that, so
    /// what is left over depends on the scheduler (a thread each: 33 beside 8 under TSan).
    std::uint64_t in_flight(params const& p) const override { return 16 * p.connections + 64; }
    std::uint64_t sockets(params const& p) const override { return 4 * p.connections + 8; }
    std::string refuse(params const& p) const override {
        return rules_for<contract::echo>().refuse(contract::as_echo(p));
    }

    /// Without a warm-up; `check` takes what the load generator verified.
    contract::accept::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.messages, .echoed_bytes = p.messages * p.message_bytes};
    }

    std::string check(params const& p, std::uint64_t, contract::accept::outcome const& right,
                      contract::accept::outcome const& outcome,
                      evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        if (seen.client->bytes < right.echoed_bytes) {
            return fmt::format("the load generator verified {} bytes of {}", seen.client->bytes,
                               right.echoed_bytes);
        }
        if (outcome.accepted != seen.client->bytes / p.message_bytes) {
            return fmt::format("the model accepted {} connections; the load generator made {}, one "
                               "for each message",
                               outcome.accepted, seen.client->bytes / p.message_bytes);
        }
        if (outcome.echoed_bytes != seen.client->bytes) {
            return fmt::format("the model says that it echoed {} bytes; the load generator "
                               "verified {}",
                               outcome.echoed_bytes, seen.client->bytes);
        }
        return {};
    }
};

} // namespace

rules<contract::accept> const& rules_of(std::type_identity<contract::accept>) {
    static accept_rules const rules;
    return rules;
}

} // namespace oracle
