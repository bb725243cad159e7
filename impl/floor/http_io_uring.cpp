// SPDX-License-Identifier: MIT
// The server of ring_server.hpp around `kernel::http_exchange`: what was received is parsed where
// the kernel has put it, and the answer is sent from where the exchange has written it.
#include "cells.hpp"
#include "kernel/http.hpp"
#include "ring_server.hpp"

namespace floor_model {
namespace {

using contract::http;

class replies {
public:
    std::span<std::byte const> answer(std::span<std::byte const> chunk) {
        exchange_.receive(chunk);
        return exchange_.unsent();
    }
    /// They lie in the exchange until they are sent.
    static std::span<std::byte const> keep(std::span<std::byte const> rest) { return rest; }
    void sent(std::size_t bytes) { exchange_.sent(bytes); }
    [[nodiscard]] bool over() const noexcept { return exchange_.over(); }
    [[nodiscard]] std::uint64_t requests() const noexcept { return exchange_.requests(); }

private:
    kernel::http_exchange exchange_;
};

class http_server final : public contract::session<http> {
public:
    explicit http_server(contract::server_environment const& environment)
        : server_(environment, 1'024, 4'096) {}

    http::outcome run(contract::probe&) override {
        server_.run();
        return {.accepted = server_.accepted(),
                .requests = server_.requests(),
                .sent_bytes = server_.sent_bytes()};
    }

private:
    ring_server<replies> server_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_io_uring(http::params const&,
                                                            http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return on_a_ring("6.1", [&] { return std::make_unique<http_server>(environment); });
}

} // namespace floor_model
