// SPDX-License-Identifier: MIT
// Send, then block until the whole response is there, then the next: one request in flight. More
// than one is declined, for a serial program has no second thing to wait for.
#include "backend.hpp"
#include "cells.hpp"
#include "contract/check.hpp"
#include "kernel/hash.hpp"

#include <array>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace serial {
namespace {

using contract::fetch;

void send_request(int socket, std::uint64_t index) {
    std::array<std::byte, 8> request;
    for (std::size_t position = 0; position < request.size(); ++position) {
        request[position] = static_cast<std::byte>(index >> (8 * position));
    }
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

class one_at_a_time final : public contract::session<fetch> {
public:
    one_at_a_time(fetch::params const& params, std::uint16_t port)
        : params_(params), socket_(connect_to_backend(port)), response_(params.response_bytes) {}

    fetch::outcome run(contract::probe& probe) override {
        fetch::outcome outcome;
        for (std::uint64_t index = 0; index < params_.requests; ++index) {
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
    unique_fd socket_;
    std::vector<std::byte> response_;
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch(fetch::params const& params,
                                                     fetch::environment const& environment) {
    if (params.in_flight != 1) {
        throw contract::declined_error(
            "one request at a time: " + std::to_string(params.in_flight) +
            " in flight need concurrency");
    }
    return std::make_unique<one_at_a_time>(params, environment.backend_port);
}

} // namespace serial
