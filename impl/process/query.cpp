// SPDX-License-Identifier: MIT
// A pre-forked child a connection, for libpq blocks its process; each connects for itself, takes
// the next statement from an atomic index in shared memory until none is left, and leaves its sum
// there. The parent adds.
#include "cells.hpp"
#include "child_limit.hpp"
#include "child_pool.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <memory>

namespace process {
namespace {

using contract::query;

class child_per_connection final : public contract::session<query> {
public:
    child_per_connection(query::params const& params, query::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          outcomes_(params.connections),
          children_(params.connections, [&](std::uint64_t child) {
              return [this, child,
                      connection = std::make_unique<postgres::connection>(environment.database)](
                         contract::probe& probe) {
                  outcomes_[child].value = ask_some(*connection, probe);
              };
          }) {}

    query::outcome run(contract::probe& probe) override {
        next_[0].value.store(0, std::memory_order_relaxed);
        children_.run(probe);
        query::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.queries += mine.queries;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    query::outcome ask_some(postgres::connection& on, contract::probe& probe) const {
        query::outcome mine;
        for (;;) {
            // Relaxed: the index only hands out numbers.
            auto const i = next_[0].value.fetch_add(1, std::memory_order_relaxed);
            if (i >= params_.queries) return mine;
            probe.begin(i);
            auto const value = on.run(params_.statement, kernel::block_of(seed_, i, params_.rows));
            probe.end(i);
            mine.checksum += kernel::mix(kernel::mix(i) ^ value);
            ++mine.queries;
        }
    }

    query::params params_;
    std::uint64_t seed_;
    shared_array<own_line<std::atomic<std::uint64_t>>> next_{1};
    shared_array<own_line<query::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

} // namespace process
