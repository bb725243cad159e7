// SPDX-License-Identifier: MIT
// A fiber a connection: start a statement, wait until the socket is readable, give libpq what has
// come, until the result is whole; the next. libpq does not block, only the fiber waits.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>
#include <memory>
#include <vector>

namespace fiber {
namespace {

using contract::query;

/// libpq formats messages on its stack when something is wrong.
constexpr std::size_t stack_bytes = small_stack_bytes + 48 * 1024;

struct slot {
    slot(reactor& reactor, char const* database)
        : connection(database), socket(reactor, connection.socket()) {}
    postgres::connection connection;
    readiness socket;
};

class fiber_per_connection final : public contract::session<query> {
public:
    fiber_per_connection(query::params const& params, query::environment const& environment)
        : params_(params), seed_(environment.limits.seed), stacks_(pooled_stacks(stack_bytes)) {
        for (std::uint64_t i = 0; i < params.connections; ++i) {
            pool_.push_back(std::make_unique<slot>(thread_.reactor(), environment.database));
        }
    }

    query::outcome run(contract::probe& probe) override {
        outcome_ = {};
        next_ = 0;
        std::vector<boost::fibers::future<void>> fibers;
        for (auto const& slot : pool_) {
            fibers.push_back(boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                                  stacks_, [&] { ask_some(*slot, probe); }));
        }
        // All must have ended before the first exception leaves: they refer to this session.
        for (auto const& fiber : fibers) {
            fiber.wait();
        }
        for (auto& fiber : fibers) {
            fiber.get();
        }
        return outcome_;
    }

private:
    void ask_some(slot& on, contract::probe& probe) {
        while (next_ < params_.queries) {
            auto const i = next_++;
            probe.begin(i);
            on.connection.start(params_.statement, kernel::block_of(seed_, i, params_.rows));
            do {
                // What has come was taken in, but for an end of file, whose edge may be spent.
                on.socket.read_was_short();
                static_cast<void>(on.socket.wait_readable());
            } while (!on.connection.proceed());
            probe.end(i);
            outcome_.checksum += kernel::mix(kernel::mix(i) ^ on.connection.value());
            ++outcome_.queries;
        }
    }

    query::params params_;
    std::uint64_t seed_;
    query::outcome outcome_;
    std::uint64_t next_ = 0;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<std::unique_ptr<slot>> pool_;
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    return std::make_unique<fiber_per_connection>(params, environment);
}

} // namespace fiber
