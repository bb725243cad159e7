// SPDX-License-Identifier: MIT
// The fibers of `echo`, one a connection, which receive whole requests. A dear one burns in its
// fiber, and all others wait, for nobody takes the thread from it; with `offload` the fiber hands
// the call to one of `workers` threads and waits for a future.
#include "blocking_threads.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "socket.hpp"
#include "stack.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/mutex.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace fiber {
namespace {

using contract::mixed;

class fiber_per_connection final : public contract::session<mixed> {
public:
    fiber_per_connection(mixed::params const& params, contract::environment const& environment)
        : params_(params),
          stacks_(pooled_stacks(small_stack_bytes)),
          listener_(thread_.reactor(), environment.listen_fd),
          stop_(thread_.reactor(), environment.stop_fd) {
        if (params.offload == 1) threads_.emplace(environment.limits.workers);
    }

    mixed::outcome run(contract::probe&) override {
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
        kernel::frames frames(params_.message_bytes);
        while (auto const bytes = peer.receive(frames.room())) {
            frames.received(bytes);
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                auto const dear = mixed::is_dear(message.front());
                if (dear) burn();
                if (!peer.send_all(message)) return;
                ++outcome_.requests;
                outcome_.dear += dear ? 1 : 0;
            }
        }
    }

    void burn() {
        std::chrono::microseconds const length(params_.burn_us);
        if (threads_) {
            threads_->call([length] { kernel::burn(length); });
        } else {
            kernel::burn(length);
        }
    }

    void close(std::unique_ptr<socket> peer) {
        open_.erase(peer.get());
        peer.reset();
        if (!open_.empty()) return;
        std::unique_lock lock(mutex_);
        all_closed_.notify_all();
    }

    mixed::params params_;
    mixed::outcome outcome_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    listener listener_;
    readiness stop_;
    std::set<socket*> open_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable all_closed_;
    std::optional<blocking_threads> threads_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed(mixed::params const& params,
                                                     contract::environment const& environment) {
    return std::make_unique<fiber_per_connection>(params, environment);
}

} // namespace fiber
