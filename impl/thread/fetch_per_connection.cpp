// SPDX-License-Identifier: MIT
// A thread per request in flight, each with a blocking socket of its own: send, block until the
// response is whole, next. Threads and connections are made in `make`.
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <span>
#include <vector>

namespace thread_model {
namespace {

using contract::fetch;

struct slot {
    unique_fd socket;
    std::vector<std::byte> response;
};

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

class thread_per_connection final : public contract::session<fetch> {
public:
    thread_per_connection(fetch::params const& params, std::uint16_t port)
        : params_(params), pool_(params.in_flight) {
        slots_.reserve(params.in_flight);
        for (std::uint64_t s = 0; s < params.in_flight; ++s) {
            slots_.push_back(
                {connect_to_backend(port), std::vector<std::byte>(params.response_bytes)});
        }
    }

    fetch::outcome run(contract::probe& probe) override {
        // Relaxed: the pool's mutex orders the additions before the loads.
        std::atomic<std::uint64_t> responses = 0;
        std::atomic<std::uint64_t> checksum = 0;
        pool_.run([&](std::uint64_t s) {
            auto& [socket, response] = slots_[s];
            fetch::outcome mine;
            for (auto index = s; index < params_.requests; index += params_.in_flight) {
                probe.begin(index);
                send_request(socket.get(), index);
                receive_response(socket.get(), response);
                probe.end(index);
                mine.checksum += kernel::hash(index, response);
                ++mine.responses;
            }
            responses.fetch_add(mine.responses, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {responses.load(std::memory_order_relaxed),
                checksum.load(std::memory_order_relaxed)};
    }

private:
    fetch::params params_;
    std::vector<slot> slots_;
    small_stacks stacks_{65'536};
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<fetch>>
make_fetch_per_connection(fetch::params const& params, fetch::environment const& environment) {
    require_threads(params.in_flight, "request in flight");
    return std::make_unique<thread_per_connection>(params, environment.backend_port);
}

} // namespace thread_model
