// SPDX-License-Identifier: MIT
// A task a client, as in `echo`. It asks all backends, starts a task for each that hears its
// answer, and waits for all of them with a limit (asyncio.wait, which cancels nobody): those that
// are still pending are asked again, and awaited.

#include "backends.hpp"
#include "cells.hpp"
#include "connect_to_backend.hpp"
#include "on_cores.hpp"
#include "out_of_descriptors.hpp"

#include "kernel/frames.hpp"
#include "kernel/gateway.hpp"
#include "siding/siding.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <system_error>
#include <vector>

namespace coroutine_model {
namespace {

using contract::gateway;

struct backend {
    siding::descriptor socket;
    kernel::frames frames;
};

/// The backends of one client. The tasks that hear them hold it, too: a descriptor stays open while
/// somebody waits for it.
struct asked_backends {
    explicit asked_backends(gateway::params const& params)
        : request(params.backends, params.answer_bytes) {}

    kernel::gateway_request request;
    std::vector<backend> backends;
    bool has_lost_one = false;
};

/// Ends whoever hears: the client has gone.
class hung_up_at_the_end {
public:
    explicit hung_up_at_the_end(asked_backends const& of) noexcept : of_(of) {}
    hung_up_at_the_end(hung_up_at_the_end const&) = delete;
    hung_up_at_the_end& operator=(hung_up_at_the_end const&) = delete;
    ~hung_up_at_the_end() {
        for (auto const& each : of_.backends) {
            ::shutdown(each.socket.get(), SHUT_RDWR);
        }
    }

private:
    asked_backends const& of_;
};

/// Until backend `i` has answered the request, or has gone.
siding::coroutine<> hear(std::shared_ptr<asked_backends> from, std::size_t i) {
    auto& [socket, frames] = from->backends[i];
    try {
        while (from->request.lacks(i)) {
            auto const count = co_await siding::recv(socket.get(), frames.room());
            if (count == 0) break;
            frames.received(count);
            for (auto answer = frames.next(); !answer.empty(); answer = frames.next()) {
                from->request.take(i, answer);
            }
        }
    } catch (std::system_error const&) {
        // It has gone.
    }
    if (from->request.lacks(i)) from->has_lost_one = true;
}

class gateway_session final : public contract::session<gateway> {
public:
    gateway_session(gateway::params const& params, gateway::environment const& around,
                    siding::loop_options options)
        : params_(params),
          listen_fd_(around.listen_fd),
          stop_fd_(around.stop_fd),
          backend_port_(around.backend_port),
          options_(options) {}

    gateway::outcome run(contract::probe&) override {
        siding::run(serve(), options_);
        return out_;
    }

    /// Until the stop descriptor is readable: the main coroutine of a loop.
    siding::coroutine<> serve() {
        auto const accepting = siding::create_task(accept_all());
        co_await siding::readable(stop_fd_);
    }
    [[nodiscard]] gateway::outcome outcome() const noexcept { return out_; }

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

    siding::coroutine<> talk(siding::descriptor client) {
        int const on = 1;
        ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        kernel::frames frames(kernel::gateway_request_bytes);
        auto const asked = std::make_shared<asked_backends>(params_);
        hung_up_at_the_end const guard(*asked);
        try {
            for (std::uint64_t i = 0; i < params_.backends; ++i) {
                auto socket = co_await connect_to_backend(backend_port_);
                asked->backends.push_back(
                    {std::move(socket),
                     kernel::frames(kernel::gateway_tag_bytes + params_.answer_bytes)});
            }
            while (true) {
                auto const count = co_await siding::recv(client.get(), frames.room());
                if (count == 0) break;
                frames.received(count);
                for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                    asked->request.begin(message);
                    co_await ask(asked);
                    if (asked->has_lost_one) co_return;
                    co_await siding::send_all(client.get(), asked->request.reply());
                    ++out_.requests;
                }
            }
        } catch (std::system_error const&) {
            // The peer or the backend is gone: this connection alone ends.
        }
    }

    siding::coroutine<> ask(std::shared_ptr<asked_backends> asked) {
        std::vector<siding::task<>> hearing;
        for (std::size_t i = 0; i < asked->backends.size(); ++i) {
            co_await siding::send_all(asked->backends[i].socket.get(), asked->request.question(i));
            hearing.push_back(siding::create_task(hear(asked, i)));
        }
        std::chrono::microseconds const limit(params_.limit_us);
        auto const heard = co_await siding::wait(hearing, limit);
        if (heard.pending.empty()) co_return;
        for (std::size_t i = 0; i < asked->backends.size(); ++i) {
            if (!asked->request.lacks(i)) continue;
            ++out_.retries;
            co_await siding::send_all(asked->backends[i].socket.get(),
                                      asked->request.question_again(i));
        }
        co_await siding::wait(heard.pending);
    }

    gateway::params params_;
    int listen_fd_;
    int stop_fd_;
    std::uint16_t backend_port_;
    siding::loop_options options_;
    gateway::outcome out_;
};

} // namespace

std::unique_ptr<contract::session<gateway>> make_gateway_epoll(gateway::params const& params,
                                                               gateway::environment const& around) {
    return std::make_unique<gateway_session>(params, around, siding::loop_options{});
}

std::unique_ptr<contract::session<gateway>>
make_gateway_io_uring(gateway::params const& params, gateway::environment const& around) {
    return std::make_unique<gateway_session>(params, around, on_io_uring());
}

std::unique_ptr<contract::session<gateway>> make_gateway_cores(gateway::params const& params,
                                                               gateway::environment const& around) {
    auto const options = siding::loop_options{};
    return std::make_unique<on_cores<gateway, gateway_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<gateway_session>(params, own, options); });
}

std::unique_ptr<contract::session<gateway>>
make_gateway_cores_io_uring(gateway::params const& params, gateway::environment const& around) {
    auto const options = on_io_uring();
    return std::make_unique<on_cores<gateway, gateway_session>>(
        around, options,
        [&](auto const& own) { return std::make_unique<gateway_session>(params, own, options); });
}

} // namespace coroutine_model
