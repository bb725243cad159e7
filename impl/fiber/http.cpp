// SPDX-License-Identifier: MIT
// A fiber a connection: receive, parse, send all, again; the buffer is on its stack.
#include "kernel/http.hpp"
#include "cells.hpp"
#include "connection_fibers.hpp"

#include <array>

namespace fiber {
namespace {

using contract::http;

constexpr std::size_t buffer_bytes = 65'536;

class fiber_per_connection final : public contract::session<http> {
public:
    explicit fiber_per_connection(contract::server_environment const& environment)
        : fibers_(environment, buffer_bytes + small_stack_bytes,
                  [this](socket& peer) { serve(peer); }) {}

    http::outcome run(contract::probe&) override {
        outcome_ = {};
        outcome_.accepted = fibers_.run();
        return outcome_;
    }

private:
    void serve(socket& peer) {
        std::array<std::byte, buffer_bytes> buffer;
        kernel::http_exchange exchange;
        while (auto const bytes = peer.receive(buffer)) {
            exchange.receive(std::span(buffer).first(bytes));
            if (auto const replies = exchange.unsent(); !replies.empty()) {
                if (!peer.send_all(replies)) break;
                outcome_.sent_bytes += replies.size();
                exchange.sent(replies.size());
            }
            if (exchange.over()) peer.shut_down_writing();
        }
        outcome_.requests += exchange.requests();
    }

    http::outcome outcome_;
    connection_fibers fibers_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http(http::params const&,
                                                   http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<fiber_per_connection>(environment);
}

} // namespace fiber
