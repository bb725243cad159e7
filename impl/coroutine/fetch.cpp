// SPDX-License-Identifier: MIT
// A task a slot, on a connection that is made in `make` and kept: send the request, receive until
// the response is whole, the next. The loop lives as long as the session, as its connections do.
// There is room for a byte more than a response: a read that leaves room has emptied the socket, so
// that the loop waits for the next response without trying to read it first.

#include "backends.hpp"
#include "cells.hpp"
#include "connect_to_backend.hpp"

#include "kernel/hash.hpp"
#include "siding/siding.hpp"

#include <bit>
#include <span>
#include <stdexcept>
#include <vector>

namespace coroutine_model {
namespace {

using contract::fetch;
static_assert(std::endian::native == std::endian::little, "a request is little endian");

class fetch_session final : public contract::session<fetch> {
public:
    fetch_session(fetch::params const& params, std::uint16_t port, siding::loop_options options)
        : params_(params), loop_(options) {
        loop_.run_until_complete(connect_all(port));
    }

    fetch::outcome run(contract::probe& probe) override {
        fetch::outcome out;
        loop_.run_until_complete(fetch_all(probe, out));
        return out;
    }

private:
    siding::coroutine<> connect_all(std::uint16_t port) {
        for (std::uint64_t slot = 0; slot < params_.in_flight; ++slot) {
            connections_.push_back(co_await connect_to_backend(port));
        }
    }

    siding::coroutine<> fetch_slot(std::uint64_t slot, contract::probe& probe,
                                   fetch::outcome& out) {
        int const connection = connections_[slot].get();
        std::vector<std::byte> buffer(params_.response_bytes + 1);
        auto const response = std::span(buffer).first(params_.response_bytes);
        for (auto index = slot; index < params_.requests; index += params_.in_flight) {
            probe.begin(index);
            co_await siding::send_all(connection, std::as_bytes(std::span(&index, 1)));
            for (std::size_t have = 0; have < response.size();) {
                auto const count =
                    co_await siding::recv(connection, std::span(buffer).subspan(have));
                if (count == 0) throw std::runtime_error("the backend closed a connection");
                have += count;
                if (have > response.size()) throw std::runtime_error("more than was asked for");
            }
            probe.end(index);
            ++out.responses;
            out.checksum += kernel::hash(index, response);
        }
    }

    siding::coroutine<> fetch_all(contract::probe& probe, fetch::outcome& out) {
        std::vector<siding::task<>> slots;
        for (std::uint64_t slot = 0; slot < params_.in_flight; ++slot) {
            slots.push_back(siding::create_task(fetch_slot(slot, probe, out)));
        }
        for (auto const& each : slots) {
            co_await each;
        }
    }

    fetch::params params_;
    siding::loop loop_;
    std::vector<siding::descriptor> connections_; // closed before the loop
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch_epoll(fetch::params const& params,
                                                           fetch::environment const& around) {
    return std::make_unique<fetch_session>(params, around.backend_port, siding::loop_options{});
}

std::unique_ptr<contract::session<fetch>> make_fetch_io_uring(fetch::params const& params,
                                                              fetch::environment const& around) {
    return std::make_unique<fetch_session>(params, around.backend_port, on_io_uring());
}

} // namespace coroutine_model
