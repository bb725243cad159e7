// SPDX-License-Identifier: MIT
// One fiber per slot with a connection of its own: send, receive until the response is whole, next,
// written as if the calls blocked. The main fiber collects the slots' futures.
#include "backend.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/hash.hpp"
#include "socket.hpp"
#include "stack.hpp"

#include <algorithm>
#include <array>
#include <boost/fiber/future.hpp>
#include <memory>
#include <vector>

namespace fiber {
namespace {

using contract::fetch;

struct slot {
    slot(reactor& reactor, std::uint16_t port, std::size_t response_bytes)
        : socket(reactor, connect_to_backend(port)), response(response_bytes + 1) {}

    fiber::socket socket;
    std::vector<std::byte> response; ///< with a byte to spare, see `socket::receive`
};

class fiber_per_slot final : public contract::session<fetch> {
public:
    fiber_per_slot(fetch::params const& params, std::uint16_t port)
        : params_(params), stacks_(pooled_stacks(small_stack_bytes)) {
        auto const slots = std::min(params.in_flight, params.requests);
        for (std::uint64_t s = 0; s < slots; ++s) {
            slots_.push_back(
                std::make_unique<slot>(thread_.reactor(), port, params.response_bytes));
        }
        outcomes_.reserve(slots);
    }

    fetch::outcome run(contract::probe& probe) override {
        for (std::uint64_t s = 0; s < slots_.size(); ++s) {
            outcomes_.push_back(boost::fibers::async(
                boost::fibers::launch::post, std::allocator_arg, stacks_,
                [this, &probe, s] { return fetch_all(*slots_[s], s, probe); }));
        }
        // All must have ended before the first exception leaves: they refer to `probe`.
        for (auto const& outcome : outcomes_) {
            outcome.wait();
        }
        fetch::outcome total;
        for (auto& outcome : outcomes_) {
            auto const [responses, checksum] = outcome.get();
            total.responses += responses;
            total.checksum += checksum;
        }
        outcomes_.clear();
        return total;
    }

private:
    fetch::outcome fetch_all(slot& s, std::uint64_t first, contract::probe& probe) const {
        fetch::outcome outcome;
        for (auto index = first; index < params_.requests; index += params_.in_flight) {
            std::array<std::byte, 8> request;
            for (std::size_t position = 0; position < request.size(); ++position) {
                request[position] = static_cast<std::byte>(index >> (8 * position));
            }
            probe.begin(index);
            if (!s.socket.send_all(request)) throw_closed();
            auto const response = receive_response(s);
            probe.end(index);
            outcome.checksum += kernel::hash(index, response);
            ++outcome.responses;
        }
        return outcome;
    }

    std::span<std::byte const> receive_response(slot& s) const {
        std::size_t received = 0;
        while (received < params_.response_bytes) {
            auto const bytes = s.socket.receive(std::span(s.response).subspan(received));
            if (bytes == 0) throw_closed();
            received += bytes;
        }
        return std::span(s.response).first(received);
    }

    fetch::params params_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<std::unique_ptr<slot>> slots_;
    std::vector<boost::fibers::future<fetch::outcome>> outcomes_;
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch(fetch::params const& params,
                                                     fetch::environment const& environment) {
    return std::make_unique<fiber_per_slot>(params, environment.backend_port);
}

} // namespace fiber
