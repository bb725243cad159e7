// SPDX-License-Identifier: MIT
// The tasks of `echo`, a connection each, which receive whole requests. An expensive one burns in
// the coroutine, and all others wait; with `offload` it is awaited from a thread of an executor of
// `workers` threads, which is what asyncio's documentation tells to do with work that blocks.

#include "backends.hpp"
#include "cells.hpp"
#include "out_of_descriptors.hpp"

#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "siding/siding.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <system_error>

namespace coroutine_model {
namespace {

using contract::mixed;

class mixed_session final : public contract::session<mixed> {
public:
    mixed_session(mixed::params const& params, mixed::environment const& around,
                  siding::loop_options options)
        : params_(params),
          listen_fd_(around.listen_fd),
          stop_fd_(around.stop_fd),
          options_(options),
          executor_(around.limits.workers) {}

    mixed::outcome run(contract::probe&) override {
        siding::run(serve(), options_);
        return out_;
    }

private:
    siding::coroutine<> serve() {
        auto const accepting = siding::create_task(accept_all());
        co_await siding::readable(stop_fd_);
    }

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
                    auto const dear = mixed::is_dear(message.front());
                    if (dear) co_await burn();
                    co_await siding::send_all(connection.get(), message);
                    ++out_.requests;
                    out_.dear += dear ? 1 : 0;
                }
            }
        } catch (std::system_error const&) {
            // The peer is gone: this connection alone ends.
        }
    }

    siding::coroutine<> burn() {
        std::chrono::microseconds const length(params_.burn_us);
        if (params_.offload == 0) {
            kernel::burn(length);
            co_return;
        }
        auto burning = siding::run_in_executor(executor_, [length] { kernel::burn(length); });
        co_await std::move(burning);
    }

    mixed::params params_;
    int listen_fd_;
    int stop_fd_;
    siding::loop_options options_;
    siding::executor executor_; ///< starts its threads as they are needed
    mixed::outcome out_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed_epoll(mixed::params const& params,
                                                           mixed::environment const& around) {
    return std::make_unique<mixed_session>(params, around, siding::loop_options{});
}

std::unique_ptr<contract::session<mixed>> make_mixed_io_uring(mixed::params const& params,
                                                              mixed::environment const& around) {
    return std::make_unique<mixed_session>(params, around, on_io_uring());
}

} // namespace coroutine_model
