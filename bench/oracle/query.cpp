// SPDX-License-Identifier: MIT
#include "contract/workloads/query.hpp"
#include "kernel/random.hpp"
#include "kernel/read_block.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::query;

constexpr std::uint64_t lookup = 0;
constexpr std::uint64_t nap = 1;
constexpr std::uint64_t transaction = 2;

struct query_rules final : rules<query> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.queries = 100, .connections = 3, .statement = lookup, .rows = 500},
                    {.queries = 8, .connections = 4, .statement = nap, .rows = 10},
                    {.queries = 60, .connections = 3, .statement = transaction, .rows = 20}};
        case preset::quick:
            return {{.queries = 4'000, .statement = lookup},
                    {.queries = 80, .statement = nap},
                    {.queries = 800, .statement = transaction}};
        case preset::full: {
            std::vector<params> points;
            for (std::uint64_t const connections : {1u, 8u, 64u}) {
                points.push_back(
                    {.queries = 40'000, .connections = connections, .statement = lookup});
                points.push_back(
                    {.queries = 50 * connections, .connections = connections, .statement = nap});
                points.push_back(
                    {.queries = 10'000, .connections = connections, .statement = transaction});
            }
            return points;
        }
        }
        return {};
    }
    std::string_view unit() const override { return "query"; }
    std::uint64_t units(params const& p) const override { return p.queries; }
    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t slots(params const& p) const override { return p.queries; }
    std::uint64_t sockets(params const& p) const override { return p.connections; }
    std::string refuse(params const& p) const override {
        if (p.queries >= p.connections) return {};
        return fmt::format("queries={} cannot use connections={}", p.queries, p.connections);
    }

    query::outcome expected(params const& p, std::uint64_t seed) const override {
        query::outcome right;
        for (std::uint64_t i = 0; i < p.queries; ++i) {
            auto const row = kernel::block_of(seed, i, p.rows);
            auto const value = p.statement == nap ? row : kernel::stored_value(seed, row);
            right.checksum += kernel::mix(kernel::mix(i) ^ value);
            ++right.queries;
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, query::outcome const& right,
                      query::outcome const& outcome, evidence const& seen) const override {
        if (outcome.queries != right.queries) {
            return fmt::format("{} queries of {}", outcome.queries, right.queries);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("checksum {:#x} instead of {:#x}", outcome.checksum, right.checksum);
        }
        auto const least_ns = p.statement == nap ? query::sleep_us * 1'000 : 0;
        auto wrong = check_durations(seen.slots, [=](std::uint64_t) { return least_ns; });
        if (!wrong.empty()) return wrong;
        return check_at_most(seen.slots, p.connections);
    }

    /// What lies in the table afterwards: each transaction has changed its row once.
    std::string check_asked(params const& p, std::uint64_t runs, asked const& seen) const override {
        auto const right = p.statement == transaction ? runs * p.queries : 0;
        if (seen.requests == right) return {};
        return fmt::format("{} transactions lie in the database instead of {}", seen.requests,
                           right);
    }
};

} // namespace

rules<query> const& rules_of(std::type_identity<query>) {
    static query_rules const rules;
    return rules;
}

} // namespace oracle
