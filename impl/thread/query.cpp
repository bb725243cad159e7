// SPDX-License-Identifier: MIT
// A thread a connection, for libpq blocks its thread; each takes the next statement from a shared
// atomic index until none is left. Sums are kept per thread and added at the end.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"
#include "thread_limit.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <vector>

namespace thread_model {
namespace {

using contract::query;

class thread_per_connection final : public contract::session<query> {
public:
    thread_per_connection(query::params const& params, query::environment const& environment)
        : params_(params), seed_(environment.limits.seed), threads_(params.connections) {
        connections_.reserve(params.connections);
        for (std::uint64_t i = 0; i < params.connections; ++i) {
            connections_.emplace_back(environment.database);
        }
    }

    query::outcome run(contract::probe& probe) override {
        // Relaxed throughout: the index only hands out numbers, and the pool's mutex orders the
        // totals before they are read.
        std::atomic<std::uint64_t> next = 0;
        std::atomic<std::uint64_t> queries = 0;
        std::atomic<std::uint64_t> checksum = 0;
        threads_.run([&](std::uint64_t worker) {
            query::outcome mine;
            for (;;) {
                auto const i = next.fetch_add(1, std::memory_order_relaxed);
                if (i >= params_.queries) break;
                auto const row = kernel::block_of(seed_, i, params_.rows);
                probe.begin(i);
                auto const value = connections_[worker].run(params_.statement, row);
                probe.end(i);
                mine.checksum += kernel::mix(kernel::mix(i) ^ value);
                ++mine.queries;
            }
            queries.fetch_add(mine.queries, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {queries.load(std::memory_order_relaxed), checksum.load(std::memory_order_relaxed)};
    }

private:
    query::params params_;
    std::uint64_t seed_;
    std::vector<postgres::connection> connections_; ///< by worker
    worker_pool threads_;
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(params, environment);
}

} // namespace thread_model
