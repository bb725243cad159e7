// SPDX-License-Identifier: MIT
// A task accepts, a task a connection receives, parses and answers until its peer closes; the main
// task waits for the stop descriptor. `run` cancels what is left when main returns, and awaits it.

#include "backends.hpp"
#include "cells.hpp"
#include "on_cores.hpp"
#include "out_of_descriptors.hpp"

#include "kernel/http.hpp"
#include "siding/siding.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <system_error>

namespace coroutine_model {
namespace {

using contract::http;

class http_session final : public contract::session<http> {
public:
    http_session(contract::server_environment const& around, siding::loop_options options)
        : listen_fd_(around.listen_fd), stop_fd_(around.stop_fd), options_(options) {}

    http::outcome run(contract::probe&) override {
        siding::run(serve(), options_);
        return out_;
    }

    /// Until the stop descriptor is readable: the main coroutine of a loop.
    siding::coroutine<> serve() {
        auto const accepting = siding::create_task(accept_all());
        co_await siding::readable(stop_fd_);
    }
    [[nodiscard]] http::outcome outcome() const noexcept { return out_; }

private:
    siding::coroutine<> accept_all() {
        while (true) {
            try {
                siding::descriptor connection(co_await siding::accept(listen_fd_));
                ++out_.accepted;
                siding::create_task(talk(std::move(connection)));
                continue;
            } catch (std::system_error const& error) {
                if (!out_of_descriptors(error)) throw;
            }
            co_await descriptors();
        }
    }

    siding::coroutine<> talk(siding::descriptor connection) {
        int const on = 1;
        ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::array<std::byte, 16'384> buffer;
        std::uint64_t answered = 0;
        kernel::http_exchange exchange;
        try {
            while (true) {
                auto const count = co_await siding::recv(connection.get(), buffer);
                if (count == 0) break;
                exchange.receive(std::span(buffer).first(count));
                out_.requests += exchange.requests() - answered;
                answered = exchange.requests();
                if (auto const replies = exchange.unsent(); !replies.empty()) {
                    co_await siding::send_all(connection.get(), replies);
                    out_.sent_bytes += replies.size();
                    exchange.sent(replies.size());
                }
                if (exchange.over()) ::shutdown(connection.get(), SHUT_WR);
            }
        } catch (std::system_error const&) {
            // The peer is gone: this connection alone ends.
        }
    }

    int listen_fd_;
    int stop_fd_;
    siding::loop_options options_;
    http::outcome out_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_epoll(http::params const&,
                                                         http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<http_session>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<http>> make_http_io_uring(http::params const&,
                                                            http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<http_session>(around, on_io_uring());
}

std::unique_ptr<contract::session<contract::http>>
make_http_cores(contract::http::params const&, contract::http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    auto const options = siding::loop_options{};
    return std::make_unique<on_cores<contract::http, http_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<http_session>(own, options); });
}

std::unique_ptr<contract::session<contract::http>>
make_http_cores_io_uring(contract::http::params const&, contract::http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    auto const options = on_io_uring();
    return std::make_unique<on_cores<contract::http, http_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<http_session>(own, options); });
}

} // namespace coroutine_model
