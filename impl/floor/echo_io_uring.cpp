// SPDX-License-Identifier: MIT
// The server of ring_server.hpp, which sends each chunk back from the buffer that the kernel
// received it into: a message costs its share of one io_uring_enter, and no copy in this process.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "ring_server.hpp"

namespace floor_model {
namespace {

using contract::echo;

class chunk_back {
public:
    static std::span<std::byte const> answer(std::span<std::byte const> chunk) { return chunk; }
    std::span<std::byte const> keep(std::span<std::byte const> rest) {
        kept_ = std::vector<std::byte>(rest.begin(), rest.end()); // `rest` may be of `kept_`
        return kept_;
    }
    static void sent(std::size_t) noexcept {}
    static bool over() noexcept { return false; }

private:
    std::vector<std::byte> kept_; ///< what a full socket has not taken
};

class echo_server final : public contract::session<echo> {
public:
    echo_server(contract::server_environment const& environment, std::uint16_t buffers,
                std::uint32_t buffer_bytes)
        : server_(environment, buffers, buffer_bytes) {}

    echo::outcome run(contract::probe&) override {
        server_.run();
        return {.accepted = server_.accepted(), .echoed_bytes = server_.sent_bytes()};
    }

private:
    ring_server<chunk_back> server_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_io_uring(echo::params const&,
                                                            echo::environment const& environment) {
    return on_a_ring("6.1",
                     [&] { return std::make_unique<echo_server>(environment, 1'024, 4'096); });
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_io_uring(contract::pump::params const&, contract::pump::environment const& environment) {
    return on_a_ring("6.1", [&] {
        return contract::echo_service<contract::pump>(
            std::make_unique<echo_server>(environment, 64, 65'536));
    });
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_io_uring(contract::accept::params const& params,
                     contract::accept::environment const& environment) {
    return contract::echo_service<contract::accept>(
        make_echo_io_uring(contract::as_echo(params), environment));
}

std::unique_ptr<contract::session<contract::held>>
make_held_io_uring(contract::held::params const& params,
                   contract::held::environment const& environment) {
    return contract::echo_service<contract::held>(
        make_echo_io_uring(contract::as_echo(params), environment));
}

} // namespace floor_model
