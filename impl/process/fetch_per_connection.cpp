// SPDX-License-Identifier: MIT
// A pre-forked child per request in flight, each with a blocking socket of its own: send, block
// until the response is whole, next. Children fork and connect in `make`.
#include "backend.hpp"
#include "cells.hpp"
#include "child_limit.hpp"
#include "child_pool.hpp"
#include "kernel/hash.hpp"
#include "shared_memory.hpp"

#include <span>
#include <vector>

namespace process {
namespace {

using contract::fetch;

void send_request(int socket, std::uint64_t index) {
    auto const request = request_of(index);
    std::span<std::byte const> rest = request;
    while (!rest.empty()) {
        auto const sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno != EINTR) {
            throw_errno("send to the backend");
        }
    }
}

void receive_response(int socket, std::span<std::byte> rest) {
    while (!rest.empty()) {
        auto const received = ::recv(socket, rest.data(), rest.size(), 0);
        if (received > 0) {
            rest = rest.subspan(static_cast<std::size_t>(received));
        } else if (received == 0) {
            throw_closed();
        } else if (errno != EINTR) {
            throw_errno("receive from the backend");
        }
    }
}

/// Slot `s`: one connection and its requests one after another.
class slot {
public:
    slot(fetch::params const& params, std::uint16_t port, std::uint64_t s)
        : params_(params),
          s_(s),
          socket_(connect_to_backend(port)),
          response_(params.response_bytes) {}

    fetch::outcome run(contract::probe& probe) {
        fetch::outcome outcome;
        for (auto index = s_; index < params_.requests; index += params_.in_flight) {
            probe.begin(index);
            send_request(socket_.get(), index);
            receive_response(socket_.get(), response_);
            probe.end(index);
            outcome.checksum += kernel::hash(index, response_);
            ++outcome.responses;
        }
        return outcome;
    }

private:
    fetch::params params_;
    std::uint64_t s_;
    unique_fd socket_;
    std::vector<std::byte> response_;
};

class child_per_connection final : public contract::session<fetch> {
public:
    child_per_connection(fetch::params const& params, std::uint16_t port)
        : outcomes_(params.in_flight), children_(params.in_flight, [&](std::uint64_t child) {
              return
                  [this, child, mine = slot(params, port, child)](contract::probe& probe) mutable {
                      outcomes_[child].value = mine.run(probe);
                  };
          }) {}

    fetch::outcome run(contract::probe& probe) override {
        children_.run(probe);
        fetch::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.responses += mine.responses;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    shared_array<own_line<fetch::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<fetch>>
make_fetch_per_connection(fetch::params const& params, fetch::environment const& environment) {
    require_children(params.in_flight, "request in flight");
    return std::make_unique<child_per_connection>(params, environment.backend_port);
}

} // namespace process
