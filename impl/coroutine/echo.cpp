// SPDX-License-Identifier: MIT
// A task accepts, a task a connection receives and sends until its peer closes; the main task waits
// for the stop descriptor. `run` cancels what is left when main returns, and awaits it.

#include "backends.hpp"
#include "cells.hpp"
#include "on_cores.hpp"
#include "out_of_descriptors.hpp"

#include "contract/echo_service.hpp"
#include "siding/siding.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <system_error>

namespace coroutine_model {
namespace {

using contract::echo;

/// `BufferBytes`: the buffer in the frame of each connection.
template <std::size_t BufferBytes>
class echo_session final : public contract::session<echo> {
public:
    echo_session(contract::server_environment const& around, siding::loop_options options)
        : listen_fd_(around.listen_fd), stop_fd_(around.stop_fd), options_(options) {}

    echo::outcome run(contract::probe&) override {
        siding::run(serve(), options_);
        return out_;
    }

    /// Until the stop descriptor is readable: the main coroutine of a loop.
    siding::coroutine<> serve() {
        auto const accepting = siding::create_task(accept_all());
        co_await siding::readable(stop_fd_);
    }
    [[nodiscard]] echo::outcome outcome() const noexcept { return out_; }

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
        std::array<std::byte, BufferBytes> buffer;
        try {
            while (true) {
                auto const count = co_await siding::recv(connection.get(), buffer);
                if (count == 0) break;
                co_await siding::send_all(connection.get(), std::span(buffer).first(count));
                out_.echoed_bytes += count;
            }
        } catch (std::system_error const&) {
            // The peer is gone: this connection alone ends.
        }
    }

    int listen_fd_;
    int stop_fd_;
    siding::loop_options options_;
    echo::outcome out_;
};

constexpr std::size_t message_buffer_bytes = 16'384;
constexpr std::size_t stream_buffer_bytes = 65'536;

using for_messages = echo_session<message_buffer_bytes>;
using for_streams = echo_session<stream_buffer_bytes>;

template <class W, class Server>
std::unique_ptr<contract::session<W>> make_on_cores(typename W::environment const& around,
                                                    siding::loop_options const& options) {
    return std::make_unique<on_cores<W, Server>>(
        around, options, [&](auto const& own) { return std::make_unique<Server>(own, options); });
}

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_epoll(echo::params const&,
                                                         echo::environment const& around) {
    return std::make_unique<for_messages>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<echo>> make_echo_io_uring(echo::params const&,
                                                            echo::environment const& around) {
    return std::make_unique<for_messages>(around, on_io_uring());
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_epoll(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        std::make_unique<for_streams>(around, siding::loop_options{}));
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_io_uring(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        std::make_unique<for_streams>(around, on_io_uring()));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_epoll(contract::accept::params const&, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        std::make_unique<for_messages>(around, siding::loop_options{}));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_io_uring(contract::accept::params const&, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        std::make_unique<for_messages>(around, on_io_uring()));
}

std::unique_ptr<contract::session<contract::held>>
make_held_epoll(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        std::make_unique<for_messages>(around, siding::loop_options{}));
}

std::unique_ptr<contract::session<contract::held>>
make_held_io_uring(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        std::make_unique<for_messages>(around, on_io_uring()));
}

std::unique_ptr<contract::session<contract::echo>>
make_echo_cores(contract::echo::params const&, contract::echo::environment const& around) {
    return make_on_cores<contract::echo, for_messages>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_cores(contract::pump::params const&, contract::pump::environment const& around) {
    return make_on_cores<contract::pump, for_streams>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_cores(contract::accept::params const&, contract::accept::environment const& around) {
    return make_on_cores<contract::accept, for_messages>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<contract::held>>
make_held_cores(contract::held::params const&, contract::held::environment const& around) {
    return make_on_cores<contract::held, for_messages>(around, siding::loop_options{});
}

std::unique_ptr<contract::session<contract::echo>>
make_echo_cores_io_uring(contract::echo::params const&, contract::echo::environment const& around) {
    return make_on_cores<contract::echo, for_messages>(around, on_io_uring());
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_cores_io_uring(contract::pump::params const&, contract::pump::environment const& around) {
    return make_on_cores<contract::pump, for_streams>(around, on_io_uring());
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_cores_io_uring(contract::accept::params const&,
                           contract::accept::environment const& around) {
    return make_on_cores<contract::accept, for_messages>(around, on_io_uring());
}

std::unique_ptr<contract::session<contract::held>>
make_held_cores_io_uring(contract::held::params const&, contract::held::environment const& around) {
    return make_on_cores<contract::held, for_messages>(around, on_io_uring());
}

} // namespace coroutine_model
