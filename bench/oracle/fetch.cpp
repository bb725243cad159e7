// SPDX-License-Identifier: MIT
#include "contract/workloads/fetch.hpp"
#include "kernel/hash.hpp"
#include "kernel/random.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace oracle {
namespace {

using contract::fetch;

/// Each slot issues its requests one after another, in order.
std::string check_order(std::span<contract::latency_slot const> slots, std::uint64_t in_flight) {
    for (std::uint64_t i = in_flight; i < slots.size(); ++i) {
        if (slots[i].begin_ns < slots[i - in_flight].end_ns) {
            return fmt::format("request {} began before request {} on the same connection ended", i,
                               i - in_flight);
        }
    }
    return {};
}

struct fetch_rules final : rules<fetch>, presents<fetch> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {
                {.requests = 20, .in_flight = 1, .delay_us = 500, .response_bytes = 512},
                {.requests = 64, .in_flight = 8, .delay_us = 25'000, .response_bytes = 512},
                {.requests = 50, .in_flight = 16, .delay_us = 0, .response_bytes = 20'000},
            };
        case preset::quick:
            return {
                {.requests = 20, .in_flight = 1, .delay_us = 5'000, .response_bytes = 512},
                {.requests = 2'000, .in_flight = 100, .delay_us = 5'000, .response_bytes = 512}};
        case preset::full:
            return {
                {.requests = 100, .in_flight = 1, .delay_us = 5'000, .response_bytes = 512},
                {.requests = 2'000, .in_flight = 10, .delay_us = 5'000, .response_bytes = 512},
                {.requests = 20'000, .in_flight = 100, .delay_us = 5'000, .response_bytes = 512},
                {.requests = 50'000, .in_flight = 1'000, .delay_us = 25'000, .response_bytes = 512},
                {.requests = 20'000,
                 .in_flight = 10'000,
                 .delay_us = 250'000,
                 .response_bytes = 512},
                {.requests = 20'000, .in_flight = 64, .delay_us = 0, .response_bytes = 4'096}};
        }
        return {};
    }
    presentation<params> presented() const override {
        return {.question = question::waiting,
                .request_part = request_part::waiting,
                .preferred = {{&params::in_flight, 100}, {&params::delay_us, 5'000}}};
    }
    std::string_view unit() const override { return "request"; }
    std::uint64_t units(params const& p) const override { return p.requests; }
    std::uint64_t in_flight(params const& p) const override { return p.in_flight; }
    std::uint64_t slots(params const& p) const override { return p.requests; }
    std::uint64_t sockets(params const& p) const override { return p.in_flight; }
    std::string refuse(params const& p) const override {
        if (p.requests >= p.in_flight) return {};
        return fmt::format("requests={} cannot keep in_flight={}", p.requests, p.in_flight);
    }

    fetch::outcome expected(params const& p, std::uint64_t seed) const override {
        fetch::outcome right;
        std::vector<std::byte> response(p.response_bytes);
        for (std::uint64_t index = 0; index < p.requests; ++index) {
            kernel::payload(seed, index, response);
            right.checksum += kernel::hash(index, response);
            ++right.responses;
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, fetch::outcome const& right,
                      fetch::outcome const& outcome, evidence const& seen) const override {
        if (outcome.responses != right.responses) {
            return fmt::format("{} responses to {} requests", outcome.responses, right.responses);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("the responses have the checksum {}, not {}", outcome.checksum,
                               right.checksum);
        }
        auto wrong = check_durations(seen.slots, [&](auto) { return p.delay_us * 1'000; });
        if (wrong.empty()) wrong = check_order(seen.slots, p.in_flight);
        return wrong;
    }

    std::string check_asked(params const& p, std::uint64_t runs, asked const& seen) const override {
        if (seen.requests != runs * p.requests) {
            return fmt::format("the backend got {} requests, not {}", seen.requests,
                               runs * p.requests);
        }
        if (seen.most_in_flight > p.in_flight) {
            return fmt::format("{} requests were in flight at once, {} are allowed",
                               seen.most_in_flight, p.in_flight);
        }
        if (p.in_flight * slowest_arm_ns <= p.delay_us * 1'000 &&
            seen.most_in_flight < p.in_flight) {
            return fmt::format("at most {} requests were in flight at once, not {}",
                               seen.most_in_flight, p.in_flight);
        }
        return {};
    }
};

} // namespace

rules<fetch> const& rules_of(std::type_identity<fetch>) {
    static fetch_rules const rules;
    return rules;
}

} // namespace oracle
