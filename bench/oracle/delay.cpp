// SPDX-License-Identifier: MIT
#include "contract/workloads/delay.hpp"
#include "contract/echo_service.hpp"
#include "oracle/all.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::delay;

struct delay_rules final : rules<delay> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 10, .delay_us = 2'000},
                    {.connections = 16, .messages = 96, .message_bytes = 1'000, .delay_us = 3'000}};
        case preset::quick:
            return {{.connections = 64, .messages = 3'000, .delay_us = 10'000},
                    {.connections = 1'000, .messages = 20'000, .delay_us = 10'000},
                    {.connections = 5'000, .messages = 30'000, .delay_us = 100'000}};
        case preset::full:
            return {{.connections = 64, .messages = 30'000, .delay_us = 10'000},
                    {.connections = 1'000, .messages = 200'000, .delay_us = 10'000},
                    {.connections = 10'000, .messages = 200'000, .delay_us = 100'000},
                    {.connections = 32'000, .messages = 320'000, .delay_us = 1'000'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "request"; }
    std::uint64_t units(params const& p) const override { return p.messages; }
    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t sockets(params const& p) const override { return p.connections; }
    std::string refuse(params const& p) const override {
        return rules_for<contract::echo>().refuse(contract::as_echo(p));
    }

    /// Without a warm-up; `check` takes what the load generator verified.
    delay::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.connections, .requests = p.messages};
    }

    std::string check(params const& p, std::uint64_t, delay::outcome const& right,
                      delay::outcome const& outcome, evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        auto const& client = *seen.client;
        if (outcome.accepted != right.accepted || client.connections != right.accepted) {
            return fmt::format(
                "the model accepted {} connections and the load generator had {}, of {}",
                outcome.accepted, client.connections, right.accepted);
        }
        auto const answered = client.bytes / p.message_bytes;
        if (answered < right.requests || outcome.requests != answered) {
            return fmt::format("the model says that it answered {} requests; the load generator "
                               "verified {} of {}",
                               outcome.requests, answered, right.requests);
        }
        // The load generator looks at the clock before it sends and after it has received.
        if (client.least_ns < p.delay_us * 1'000) {
            return fmt::format("a request was answered after {} ns and waits {} us",
                               client.least_ns, p.delay_us);
        }
        return {};
    }
};

} // namespace

rules<delay> const& rules_of(std::type_identity<delay>) {
    static delay_rules const rules;
    return rules;
}

} // namespace oracle
