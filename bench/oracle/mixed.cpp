// SPDX-License-Identifier: MIT
#include "contract/workloads/mixed.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"
#include "oracle/served_load.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::mixed;

struct mixed_rules final : served_load<mixed>, presents<mixed> {
    std::vector<params> points(preset which) const override {
        auto const with_and_without = [](params p) {
            auto remedied = p;
            remedied.offload = 1;
            return std::vector<params>{p, remedied};
        };
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 60, .dear_percent = 20, .burn_us = 200},
                    {.connections = 8, .messages = 240, .dear_percent = 10, .burn_us = 200},
                    {.connections = 8,
                     .messages = 240,
                     .message_bytes = 1'000,
                     .dear_percent = 10,
                     .burn_us = 200,
                     .offload = 1}};
        case preset::quick: {
            auto points = with_and_without({.connections = 64,
                                            .messages = 2'500,
                                            .dear_percent = 2,
                                            .burn_us = 3'000,
                                            .rate_per_s = 2'500,
                                            .poisson = 1});
            points.push_back({.connections = 1, .messages = 2'500, .dear_percent = 2});
            return points;
        }
        case preset::full: {
            auto points = with_and_without({.connections = 64,
                                            .messages = 40'000,
                                            .dear_percent = 2,
                                            .burn_us = 3'000,
                                            .rate_per_s = 2'500,
                                            .poisson = 1});
            for (auto const& closed :
                 with_and_without({.connections = 64, .messages = 40'000, .dear_percent = 2})) {
                points.push_back(closed);
            }
            for (auto const& short_burns : with_and_without({.connections = 64,
                                           .messages = 40'000,
                                           .dear_percent = 50,
                                           .burn_us = 50,
                                           .rate_per_s = 2'500,
                                           .poisson = 1})) {
                points.push_back(short_burns);
            }
            points.push_back({.connections = 1, .messages = 20'000, .dear_percent = 2});
            return points;
        }
        }
        return {};
    }
    presentation<params> presented() const override {
        return {.request_part = request_part::serving_and_computing};
    }
    std::string_view unit() const override { return "request"; }
    std::uint64_t units(params const& p) const override { return p.messages; }

    /// The load generator draws which requests are expensive; `check` takes what it verified.
    mixed::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.connections, .requests = p.messages, .dear = 0};
    }

    std::string check(params const& p, std::uint64_t, mixed::outcome const& right,
                      mixed::outcome const& outcome, evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        auto const& client = *seen.client;
        auto wrong = check_connections(outcome.accepted, right.accepted, client);
        if (!wrong.empty()) return wrong;
        auto const answered = client.bytes / p.message_bytes;
        if (answered < right.requests || outcome.requests != answered) {
            return fmt::format("the model says that it answered {} requests; the load generator "
                               "verified {}",
                               outcome.requests, answered);
        }
        if (outcome.dear != client.dear) {
            return fmt::format("the model found {} expensive requests; the load generator sent {}",
                               outcome.dear, client.dear);
        }
        // A thread cannot use more CPU time than passes, so no expensive answer comes before this.
        if (client.dear != 0 && client.least_dear_ns < p.burn_us * 1'000) {
            return fmt::format("an expensive request was answered after {} ns and burns {} us",
                               client.least_dear_ns, p.burn_us);
        }
        return {};
    }
};

} // namespace

rules<mixed> const& rules_of(std::type_identity<mixed>) {
    static mixed_rules const rules;
    return rules;
}

} // namespace oracle
