// SPDX-License-Identifier: MIT
// One statement after another on one connection, whatever `connections` allows; libpq blocks.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"

namespace serial {
namespace {

using contract::query;

class one_after_another final : public contract::session<query> {
public:
    one_after_another(query::params const& params, query::environment const& environment)
        : params_(params), seed_(environment.limits.seed), connection_(environment.database) {}

    query::outcome run(contract::probe& probe) override {
        query::outcome outcome;
        for (std::uint64_t i = 0; i < params_.queries; ++i) {
            probe.begin(i);
            auto const value =
                connection_.run(params_.statement, kernel::block_of(seed_, i, params_.rows));
            probe.end(i);
            outcome.checksum += kernel::mix(kernel::mix(i) ^ value);
            ++outcome.queries;
        }
        return outcome;
    }

private:
    query::params params_;
    std::uint64_t seed_;
    postgres::connection connection_;
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    return std::make_unique<one_after_another>(params, environment);
}

} // namespace serial
