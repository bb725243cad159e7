// SPDX-License-Identifier: MIT
// The pre-forked loops of `echo`, one a child, and in each a heap of limits. A sole child accepts
// by itself; of several each has its share, for the parent accepts and passes the sockets in turn.
#include "accept_from.hpp"
#include "cells.hpp"
#include "child_pool.hpp"
#include "gateway_loop.hpp"
#include "shared_memory.hpp"
#include "socket_channel.hpp"

#include <vector>

namespace process {
namespace {

using contract::gateway;

class gateway_in_children final : public contract::session<gateway> {
public:
    gateway_in_children(gateway::params const& params, gateway::environment const& around)
        : params_(params),
          environment_(around),
          channels_(around.limits.workers),
          outcomes_(around.limits.workers),
          children_(around.limits.workers, [this](std::uint64_t child) {
              return [this, child](contract::probe&) {
                  gateway_loop loop(params_, environment_.backend_port);
                  outcomes_[child].value =
                      is_sole() ? accept_and_serve(loop) : serve(loop, channels_[child]);
              };
          }) {}

    gateway::outcome run(contract::probe& probe) override {
        children_.start(probe);
        for (std::size_t next = 0; !is_sole(); ++next) {
            auto const client = accept_until(environment_.stop_fd, environment_.listen_fd);
            if (!client) break;
            channels_[next % channels_.size()].send(client.get());
        }
        children_.finish();
        gateway::outcome sum;
        for (auto const& [one] : outcomes_.all()) {
            sum.accepted += one.accepted;
            sum.requests += one.requests;
            sum.retries += one.retries;
        }
        return sum;
    }

private:
    [[nodiscard]] bool is_sole() const noexcept { return channels_.size() == 1; }

    gateway::outcome accept_and_serve(gateway_loop& loop) {
        return loop.run(environment_.stop_fd, environment_.listen_fd, EPOLLIN | EPOLLET, [&] {
            auto patience_ms = -1;
            while (auto client = accept_from(environment_.listen_fd, patience_ms)) {
                loop.adopt(std::move(client));
            }
            return patience_ms;
        });
    }

    gateway::outcome serve(gateway_loop& loop, socket_channel const& channel) {
        return loop.run(environment_.stop_fd, channel.child_end(), EPOLLIN, [&] {
            if (auto client = channel.receive()) loop.adopt(std::move(client));
            return -1;
        });
    }

    gateway::params params_;
    gateway::environment environment_;
    std::vector<socket_channel> channels_;
    shared_array<own_line<gateway::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<gateway>>
make_gateway_event(gateway::params const& params, gateway::environment const& environment) {
    return std::make_unique<gateway_in_children>(params, environment);
}

} // namespace process
