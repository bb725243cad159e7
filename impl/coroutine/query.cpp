// SPDX-License-Identifier: MIT
// A task a connection: start a statement, await that the socket is readable, give libpq what has
// come, until the result is whole; the next. libpq does not block.

#include "backends.hpp"
#include "cells.hpp"

#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"
#include "siding/siding.hpp"

#include <exception>
#include <vector>

namespace coroutine_model {
namespace {

using contract::query;

class query_session final : public contract::session<query> {
public:
    query_session(query::params const& params, query::environment const& around,
                  siding::loop_options options)
        : params_(params), seed_(around.limits.seed), loop_(options) {
        pool_.reserve(params.connections);
        for (std::uint64_t i = 0; i < params.connections; ++i) {
            pool_.emplace_back(around.database);
            loop_.forget(pool_.back().socket()); // an old number, maybe, and a new socket
        }
    }
    ~query_session() override {
        for (auto const& connection : pool_) {
            loop_.forget(connection.socket());
        }
    }

    query::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        loop_.run_until_complete(ask_all(probe));
        return out_;
    }

private:
    siding::coroutine<> ask_all(contract::probe& probe) {
        std::vector<siding::task<>> tasks;
        for (auto& connection : pool_) {
            tasks.push_back(siding::create_task(ask_some(connection, probe)));
        }
        // All must have ended before the first exception leaves: they refer to this session.
        std::exception_ptr failure;
        for (auto const& each : tasks) {
            try {
                co_await each;
            } catch (...) {
                if (!failure) failure = std::current_exception();
            }
        }
        if (failure) std::rethrow_exception(failure);
    }

    siding::coroutine<> ask_some(postgres::connection& on, contract::probe& probe) {
        while (next_ < params_.queries) {
            auto const i = next_++;
            probe.begin(i);
            on.start(params_.statement, kernel::block_of(seed_, i, params_.rows));
            do {
                co_await siding::readable(on.socket());
            } while (!on.proceed());
            probe.end(i);
            out_.checksum += kernel::mix(kernel::mix(i) ^ on.value());
            ++out_.queries;
        }
    }

    query::params params_;
    std::uint64_t seed_;
    query::outcome out_;
    std::uint64_t next_ = 0;
    std::vector<postgres::connection> pool_;
    siding::loop loop_; // before the connections, as a cancelled task may wait for one
};

} // namespace

std::unique_ptr<contract::session<query>> make_query_epoll(query::params const& params,
                                                           query::environment const& around) {
    return std::make_unique<query_session>(params, around, siding::loop_options{});
}

std::unique_ptr<contract::session<query>> make_query_io_uring(query::params const& params,
                                                              query::environment const& around) {
    return std::make_unique<query_session>(params, around, on_io_uring());
}

} // namespace coroutine_model
