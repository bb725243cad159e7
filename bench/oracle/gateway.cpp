// SPDX-License-Identifier: MIT
#include "contract/workloads/gateway.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::gateway;

struct gateway_rules final : rules<gateway> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return smoke();
        case preset::quick:
            return {{.connections = 64, .messages = 6'000, .backends = 1},
                    {.connections = 64, .messages = 6'000, .backends = 3},
                    {.connections = 500,
                     .messages = 10'000,
                     .delay_us = 100'000,
                     .limit_us = 200'000,
                     .slow_us = 1'000'000}};
        case preset::full:
            return {{.connections = 64, .messages = 60'000, .backends = 1},
                    {.connections = 64, .messages = 60'000, .backends = 3},
                    {.connections = 64, .messages = 60'000, .backends = 3, .slow_every = 0},
                    {.connections = 2'000,
                     .messages = 100'000,
                     .delay_us = 500'000,
                     .limit_us = 1'000'000,
                     .slow_us = 5'000'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "request"; }
    std::uint64_t units(params const& p) const override { return p.messages; }
    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t sockets(params const& p) const override {
        return p.connections * (1 + p.backends);
    }
    std::string refuse(params const& p) const override {
        if (p.messages < p.connections) {
            return fmt::format("messages={} leave some of connections={} without one", p.messages,
                               p.connections);
        }
        if (p.limit_us <= p.delay_us) {
            return fmt::format("limit_us={} is up before any answer, which takes delay_us={}",
                               p.limit_us, p.delay_us);
        }
        if (p.slow_every != 0 && p.slow_us <= p.limit_us) {
            return fmt::format("slow_us={} is not beyond limit_us={}: nothing would be slow",
                               p.slow_us, p.limit_us);
        }
        return {};
    }

    /// Without a warm-up; `check` takes what was verified.
    gateway::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.connections, .requests = p.messages, .retries = 0};
    }

    std::string check(params const& p, std::uint64_t, gateway::outcome const& right,
                      gateway::outcome const& outcome, evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        if (!seen.backend) return "the backend saw nothing";
        auto wrong = check_answers(p, right, outcome, *seen.client);
        if (wrong.empty()) wrong = check_questions(p, outcome, *seen.client, *seen.backend);
        return wrong;
    }

private:
    /// The late answers of the first two come while the load goes on, and are passed over.
    static std::vector<params> smoke() {
        return {{.connections = 1,
                 .messages = 40,
                 .backends = 1,
                 .answer_bytes = 64,
                 .delay_us = 1'000,
                 .limit_us = 10'000,
                 .slow_us = 40'000,
                 .slow_every = 8},
                {.connections = 16,
                 .messages = 240,
                 .answer_bytes = 1'000,
                 .delay_us = 2'000,
                 .limit_us = 15'000,
                 .slow_us = 45'000,
                 .slow_every = 5},
                {.connections = 1,
                 .messages = 5,
                 .delay_us = 15'000,
                 .limit_us = 60'000,
                 .slow_us = 500'000,
                 .slow_every = 5}};
    }

    static std::string check_answers(params const& p, gateway::outcome const& right,
                                     gateway::outcome const& outcome, served const& client) {
        if (outcome.accepted != right.accepted || client.connections != right.accepted) {
            return fmt::format(
                "the model accepted {} connections and the load generator had {}, of {}",
                outcome.accepted, client.connections, right.accepted);
        }
        auto const answered = client.bytes / (p.backends * p.answer_bytes);
        if (answered < right.requests || outcome.requests != answered) {
            return fmt::format("the model says that it answered {} requests; the load generator "
                               "verified {} of {}",
                               outcome.requests, answered, right.requests);
        }
        // The load generator looks at the clock before it sends and after it has received.
        if (client.least_ns < p.delay_us * 1'000) {
            return fmt::format("a request was answered after {} ns and a backend takes {} us",
                               client.least_ns, p.delay_us);
        }
        if (client.dear != 0 && client.least_dear_ns < (p.limit_us + p.delay_us) * 1'000) {
            return fmt::format("a request with a slow backend was answered after {} ns: it was "
                               "asked again before {} us had passed",
                               client.least_dear_ns, p.limit_us);
        }
        return {};
    }

    static std::string check_questions(params const& p, gateway::outcome const& outcome,
                                       served const& client, asked const& backend) {
        if (backend.first != outcome.requests * p.backends) {
            return fmt::format("the backends got {} first questions for {} requests, not {} each",
                               backend.first, outcome.requests, p.backends);
        }
        if (backend.slow != client.dear) {
            return fmt::format("{} requests had a slow backend, and {} questions were slow",
                               client.dear, backend.slow);
        }
        // On a machine that stands still the late answer may come before the limit is noticed.
        if (2 * backend.slow_again < backend.slow) {
            return fmt::format("of {} slow questions {} were asked again", backend.slow,
                               backend.slow_again);
        }
        // A question to which the late answer came meanwhile may be lost with its connection.
        auto const lost = p.connections * p.backends;
        if (outcome.retries < backend.again || outcome.retries > backend.again + lost) {
            return fmt::format("the model says that it asked {} questions again; the backends got "
                               "{}",
                               outcome.retries, backend.again);
        }
        auto const at_once = p.connections * p.backends;
        if (at_once * slowest_arm_ns <= p.delay_us * 1'000 && backend.most_in_flight < at_once) {
            return fmt::format("at most {} questions were under way at once, not {}",
                               backend.most_in_flight, at_once);
        }
        return {};
    }
};

} // namespace

rules<gateway> const& rules_of(std::type_identity<gateway>) {
    static gateway_rules const rules;
    return rules;
}

} // namespace oracle
