// SPDX-License-Identifier: MIT
// A fiber a connection: receive, send all, again; the buffer is on its stack.
#include "cells.hpp"
#include "connection_fibers.hpp"
#include "contract/echo_service.hpp"

#include <array>

namespace fiber {
namespace {

using contract::echo;

constexpr std::size_t buffer_bytes = 65'536;

class fiber_per_connection final : public contract::session<echo> {
public:
    explicit fiber_per_connection(contract::server_environment const& environment)
        : fibers_(environment, buffer_bytes + small_stack_bytes,
                  [this](socket& peer) { serve(peer); }) {}

    echo::outcome run(contract::probe&) override {
        outcome_ = {};
        outcome_.accepted = fibers_.run();
        return outcome_;
    }

private:
    void serve(socket& peer) {
        std::array<std::byte, buffer_bytes> buffer;
        while (auto const bytes = peer.receive(buffer)) {
            if (!peer.send_all(std::span(buffer).first(bytes))) return;
            outcome_.echoed_bytes += bytes;
        }
    }

    echo::outcome outcome_;
    connection_fibers fibers_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo(echo::params const&,
                                                   echo::environment const& environment) {
    return std::make_unique<fiber_per_connection>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept(contract::accept::params const& params, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(make_echo(contract::as_echo(params), around));
}

} // namespace fiber
