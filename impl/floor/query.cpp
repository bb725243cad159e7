// SPDX-License-Identifier: MIT
// One thread, one epoll, level-triggered; a connection whose statement is done starts the next at
// once. What is left beside the system calls is libpq.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "posix.hpp"
#include "postgres/connection.hpp"

#include <array>
#include <span>
#include <sys/epoll.h>
#include <vector>

namespace floor_model {
namespace {

using contract::query;

class epoll_client final : public contract::session<query> {
public:
    epoll_client(query::params const& params, query::environment const& environment)
        : params_(params), seed_(environment.limits.seed), under_way_(params.connections) {
        pool_.reserve(params.connections);
        for (std::uint64_t slot = 0; slot < params.connections; ++slot) {
            pool_.emplace_back(environment.database);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = slot}};
            checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pool_.back().socket(), &event),
                    "epoll_ctl");
        }
    }

    query::outcome run(contract::probe& probe) override {
        query::outcome outcome;
        next_ = 0;
        for (std::uint64_t slot = 0; slot < pool_.size(); ++slot) {
            start(slot, probe);
        }
        while (outcome.queries < params_.queries) {
            std::array<epoll_event, 256> events;
            int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
            if (count == -1 && errno != EINTR) throw_errno("epoll_wait");
            for (auto const& event : std::span(events.data(), count < 0 ? 0u : unsigned(count))) {
                auto const slot = event.data.u64;
                if (!pool_[slot].proceed()) continue;
                auto const i = under_way_[slot];
                probe.end(i);
                outcome.checksum += kernel::mix(kernel::mix(i) ^ pool_[slot].value());
                ++outcome.queries;
                start(slot, probe);
            }
        }
        return outcome;
    }

private:
    void start(std::uint64_t slot, contract::probe& probe) {
        if (next_ == params_.queries) return;
        auto const i = under_way_[slot] = next_++;
        probe.begin(i);
        pool_[slot].start(params_.statement, kernel::block_of(seed_, i, params_.rows));
    }

    query::params params_;
    std::uint64_t seed_;
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::vector<postgres::connection> pool_;
    std::vector<std::uint64_t> under_way_; ///< by connection
    std::uint64_t next_ = 0;
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    return std::make_unique<epoll_client>(params, environment);
}

} // namespace floor_model
