// SPDX-License-Identifier: MIT
// The fibers of `echo`, one a client, and one for each of its connections to the backends, which
// hears the answers. The client's fiber asks, and waits on a condition variable with a limit.
#include "kernel/gateway.hpp"
#include "backend.hpp"
#include "cells.hpp"
#include "connection_fibers.hpp"
#include "kernel/frames.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace fiber {
namespace {

using contract::gateway;

/// The backends of one client, each heard by a fiber. All on one thread, so that the mutex is for
/// the condition variable alone.
class asked_backends {
public:
    /// Throws std::system_error if they cannot be reached.
    asked_backends(connection_fibers& fibers, std::uint16_t port, gateway::params const& params)
        : limit_(params.limit_us), request_(params.backends, params.answer_bytes) {
        for (std::uint64_t i = 0; i < params.backends; ++i) {
            sockets_.push_back(
                std::make_unique<socket>(fibers.reactor(), connect_to_backend(port)));
        }
        for (std::uint64_t i = 0; i < params.backends; ++i) {
            hearing_.emplace_back(
                boost::fibers::launch::post, std::allocator_arg, fibers.stacks(),
                [this, i, bytes = kernel::gateway_tag_bytes + params.answer_bytes] {
                    hear(i, bytes);
                });
        }
    }
    asked_backends(asked_backends const&) = delete;
    asked_backends& operator=(asked_backends const&) = delete;
    ~asked_backends() {
        for (auto const& each : sockets_) {
            each->cancel();
        }
        for (auto& each : hearing_) {
            each.join();
        }
    }

    /// What they say to a request; empty if one of them has gone.
    std::span<std::byte const> answer(std::span<std::byte const> message, std::uint64_t& retries) {
        request_.begin(message);
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            if (!sockets_[i]->send_all(request_.question(i))) return {};
        }
        auto const done = [this] { return request_.is_complete() || has_lost_one_; };
        std::unique_lock lock(mutex_);
        if (!heard_.wait_for(lock, limit_, done)) {
            for (std::size_t i = 0; i < sockets_.size(); ++i) {
                if (!request_.lacks(i)) continue;
                ++retries;
                if (!sockets_[i]->send_all(request_.question_again(i))) return {};
            }
            heard_.wait(lock, done);
        }
        if (!request_.is_complete()) return {};
        return request_.reply();
    }

private:
    void hear(std::size_t i, std::size_t answer_bytes) {
        kernel::frames frames(answer_bytes);
        while (auto const bytes = sockets_[i]->receive(frames.room())) {
            frames.received(bytes);
            for (auto said = frames.next(); !said.empty(); said = frames.next()) {
                request_.take(i, said);
            }
            if (request_.is_complete()) heard_.notify_one();
        }
        has_lost_one_ = true;
        heard_.notify_one();
    }

    std::chrono::microseconds limit_;
    kernel::gateway_request request_;
    bool has_lost_one_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable heard_;
    std::vector<std::unique_ptr<socket>> sockets_;
    std::vector<boost::fibers::fiber> hearing_;
};

class fiber_per_connection final : public contract::session<gateway> {
public:
    fiber_per_connection(gateway::params const& params, gateway::environment const& environment)
        : params_(params),
          port_(environment.backend_port),
          fibers_(contract::listening(environment), small_stack_bytes,
                  [this](socket& peer) { serve(peer); }) {}

    gateway::outcome run(contract::probe&) override {
        outcome_ = {};
        outcome_.accepted = fibers_.run();
        return outcome_;
    }

private:
    void serve(socket& peer) try {
        asked_backends backends(fibers_, port_, params_);
        kernel::frames frames(kernel::gateway_request_bytes);
        while (auto const bytes = peer.receive(frames.room())) {
            frames.received(bytes);
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                auto const reply = backends.answer(message, outcome_.retries);
                if (reply.empty() || !peer.send_all(reply)) return;
                ++outcome_.requests;
            }
        }
    } catch (std::system_error const&) {
        // No backend, or no descriptor for it: this client is turned away.
    }

    gateway::params params_;
    std::uint16_t port_;
    gateway::outcome outcome_;
    connection_fibers fibers_;
};

} // namespace

std::unique_ptr<contract::session<gateway>> make_gateway(gateway::params const& params,
                                                         gateway::environment const& environment) {
    return std::make_unique<fiber_per_connection>(params, environment);
}

} // namespace fiber
