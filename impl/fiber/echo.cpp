// SPDX-License-Identifier: MIT
// One fiber per connection, written as if its calls blocked: receive, send all, again; the buffer
// is on the fiber's stack. One fiber accepts. The main fiber waits for the stop descriptor, cancels
// the rest, and returns when the last has ended.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "epoll_scheduler.hpp"
#include "socket.hpp"
#include "stack.hpp"

#include <array>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/mutex.hpp>
#include <memory>
#include <mutex>
#include <set>

namespace fiber {
namespace {

using contract::echo;

constexpr std::size_t buffer_bytes = 65'536;

class fiber_per_connection final : public contract::session<echo> {
public:
    explicit fiber_per_connection(contract::environment const& environment)
        : stacks_(pooled_stacks(buffer_bytes + small_stack_bytes)),
          listener_(thread_.reactor(), environment.listen_fd),
          stop_(thread_.reactor(), environment.stop_fd) {}

    echo::outcome run(contract::probe&) override {
        outcome_ = {};
        auto accepting = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                              stacks_, [this] { accept_all(); });
        static_cast<void>(stop_.wait_readable());
        listener_.cancel();
        for (auto* const socket : open_) {
            socket->cancel();
        }
        {
            std::unique_lock lock(mutex_);
            all_closed_.wait(lock, [this] { return open_.empty(); });
        }
        accepting.get(); // throws what ended it, when no fiber is left that uses this session
        return outcome_;
    }

private:
    void accept_all() try {
        while (auto connection = listener_.accept()) {
            ++outcome_.accepted;
            auto socket = std::make_unique<fiber::socket>(thread_.reactor(), std::move(connection));
            open_.insert(socket.get());
            boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                 [this, owned = std::move(socket)]() mutable {
                                     serve(*owned);
                                     close(std::move(owned));
                                 })
                .detach();
        }
    } catch (...) {
        stop_.cancel(); // `run` gets the exception from the future
        throw;
    }

    void serve(socket& peer) {
        std::array<std::byte, buffer_bytes> buffer;
        while (auto const bytes = peer.receive(buffer)) {
            if (!peer.send_all(std::span(buffer).first(bytes))) return;
            outcome_.echoed_bytes += bytes;
        }
    }

    void close(std::unique_ptr<socket> peer) {
        open_.erase(peer.get());
        peer.reset();
        if (!open_.empty()) return;
        std::unique_lock lock(mutex_);
        all_closed_.notify_all();
    }

    echo::outcome outcome_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    listener listener_;
    readiness stop_;
    std::set<socket*> open_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable all_closed_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo(echo::params const&,
                                                   contract::environment const& environment) {
    return std::make_unique<fiber_per_connection>(environment);
}

std::unique_ptr<contract::session<contract::pump>> make_pump(contract::pump::params const& params,
                                                             contract::environment const& around) {
    return contract::echo_service<contract::pump>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept(contract::accept::params const& params, contract::environment const& around) {
    return contract::echo_service<contract::accept>(make_echo(contract::as_echo(params), around));
}

} // namespace fiber
