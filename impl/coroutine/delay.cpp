// SPDX-License-Identifier: MIT
// The tasks of `echo`, a connection each: receive a request, sleep, answer.

#include "backends.hpp"
#include "cells.hpp"
#include "on_cores.hpp"
#include "out_of_descriptors.hpp"

#include "kernel/frames.hpp"
#include "siding/siding.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <system_error>

namespace coroutine_model {
namespace {

using contract::delay;

class delay_session final : public contract::session<delay> {
public:
    delay_session(delay::params const& params, delay::environment const& around,
                  siding::loop_options options)
        : params_(params),
          listen_fd_(around.listen_fd),
          stop_fd_(around.stop_fd),
          options_(options) {}

    delay::outcome run(contract::probe&) override {
        siding::run(serve(), options_);
        return out_;
    }

    /// Until the stop descriptor is readable: the main coroutine of a loop.
    siding::coroutine<> serve() {
        auto const accepting = siding::create_task(accept_all());
        co_await siding::readable(stop_fd_);
    }
    [[nodiscard]] delay::outcome outcome() const noexcept { return out_; }

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
        kernel::frames frames(params_.message_bytes);
        try {
            while (true) {
                auto const count = co_await siding::recv(connection.get(), frames.room());
                if (count == 0) break;
                frames.received(count);
                for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                    co_await siding::sleep(std::chrono::microseconds(params_.delay_us));
                    co_await siding::send_all(connection.get(), message);
                    ++out_.requests;
                }
            }
        } catch (std::system_error const&) {
            // The peer is gone: this connection alone ends.
        }
    }

    delay::params params_;
    int listen_fd_;
    int stop_fd_;
    siding::loop_options options_;
    delay::outcome out_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay_epoll(delay::params const& params,
                                                           delay::environment const& around) {
    return std::make_unique<delay_session>(params, around, siding::loop_options{});
}

std::unique_ptr<contract::session<delay>> make_delay_io_uring(delay::params const& params,
                                                              delay::environment const& around) {
    return std::make_unique<delay_session>(params, around, on_io_uring());
}

std::unique_ptr<contract::session<contract::delay>>
make_delay_cores(contract::delay::params const& params,
                 contract::delay::environment const& around) {
    auto const options = siding::loop_options{};
    return std::make_unique<on_cores<contract::delay, delay_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<delay_session>(params, own, options); });
}

std::unique_ptr<contract::session<contract::delay>>
make_delay_cores_io_uring(contract::delay::params const& params,
                          contract::delay::environment const& around) {
    auto const options = on_io_uring();
    return std::make_unique<on_cores<contract::delay, delay_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<delay_session>(params, own, options); });
}

} // namespace coroutine_model
