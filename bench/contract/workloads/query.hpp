// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// A PostgreSQL of the harness, with a table of `rows` and room for `connections`.
struct has_database {
    static constexpr bool is_other_end = true;
    char const* database = ""; ///< what a postgres::connection is made with

    template <class Visit>
    void for_each_field(Visit visit) const {
        visit("database", std::string_view(database));
    }
};

/// The model is a client of a PostgreSQL: `queries` statements over a pool of `connections`
/// connections (`postgres::connection`, made in `make`), at most one statement under way on each.
/// Statement `i` names the row `kernel::block_of(seed, i, rows)`, and its value comes back;
/// `checksum` is the wrap-around sum of `kernel::mix(kernel::mix(i) ^ value)`. Call
/// `probe.begin(i)` before statement i is sent and `probe.end(i)` when its last result is there.
/// A model that runs one statement after another, on one connection, is right, too: what it does
/// not overlap is what is measured. A model that blocks may have a thread or a child a connection.
///
/// `statement` 0: a point lookup by primary key. 1: pg_sleep of 10 ms, so that waiting alone
/// counts. 2: a transaction of three statements, which changes the row. The server is the harness's
/// own, on a Unix socket, without fsync: what is measured is the client.
struct query {
    static constexpr std::string_view name = "query";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::environment<has_database>;
    static constexpr std::uint64_t sleep_us = 10'000;

    struct params {
        std::uint64_t queries = 2'000;
        std::uint64_t connections = 8;
        std::uint64_t statement = 0;
        std::uint64_t rows = 10'000;
    };
    static constexpr std::array fields{
        field<params>{"queries", &params::queries, 1, 10'000'000, "statements or transactions"},
        field<params>{"connections", &params::connections, 1, 500, "connections in the pool"},
        field<params>{"statement", &params::statement, 0, 2,
                      "0: point lookup, 1: pg_sleep of 10 ms, 2: transaction"},
        field<params>{"rows", &params::rows, 1, 1'000'000, "rows of the table"},
    };

    struct outcome {
        std::uint64_t queries = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"queries", &outcome::queries},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
