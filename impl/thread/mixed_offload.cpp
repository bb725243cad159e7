// SPDX-License-Identifier: MIT
// The calling thread serves all connections in one epoll loop and hands expensive ones to a queue,
// from which `workers` threads burn. What has burnt comes back on a list, and an eventfd tells the
// loop, which answers. A connection whose request is burning is taken out of the epoll set.
#include "accept_from.hpp"
#include "cells.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "poller.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <sys/eventfd.h>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::mixed;

class loop_and_burners final : public contract::session<mixed> {
public:
    loop_and_burners(mixed::params const& params, mixed::environment const& environment)
        : params_(params), listen_fd_(environment.listen_fd) {
        ready_.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        ready_.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
        ready_.add(burnt_fd_.get(), EPOLLIN, &burnt_tag_);
        for (unsigned i = 0; i < environment.limits.workers; ++i) {
            threads_.emplace_back([this](std::stop_token const& stop) { burn_queued(stop); });
        }
    }

    mixed::outcome run(contract::probe&) override {
        for (;;) {
            for (auto const& event : ready_.wait(patience_ms_)) {
                if (event.data.ptr == &stop_tag_) {
                    threads_.clear();
                    connections_.clear();
                    return outcome_;
                }
                if (event.data.ptr == &listen_tag_) {
                    accept_all();
                } else if (event.data.ptr == &burnt_tag_) {
                    answer_burnt();
                } else {
                    auto& from = *static_cast<framed_connection*>(event.data.ptr);
                    settle(from, serve(from, outcome_, [] { return false; }), false);
                }
            }
            if (patience_ms_ != -1) accept_all();
        }
    }

private:
    void accept_all() {
        while (auto fd = accept_from(listen_fd_, patience_ms_)) {
            ++outcome_.accepted;
            auto const here = connections_.insert(
                connections_.end(),
                framed_connection{std::move(fd), kernel::frames(params_.message_bytes)});
            here->here = here;
            ready_.add(here->fd.get(), EPOLLIN, &*here);
        }
    }

    void answer_burnt() {
        eventfd_t count = 0;
        ::eventfd_read(burnt_fd_.get(), &count);
        std::vector<framed_connection*> burnt;
        {
            std::lock_guard const lock(mutex_);
            burnt.swap(burnt_);
        }
        for (auto* const each : burnt) {
            auto const alive = answer(*each, std::exchange(each->burning, {}), outcome_);
            auto const how =
                alive ? serve_received(*each, outcome_, [] { return false; }) : served::closed;
            settle(*each, how, true);
        }
    }

    /// `was_handed`: it is not in the epoll set's care now.
    void settle(framed_connection& from, served how, bool was_handed) {
        if (how == served::closed) {
            connections_.erase(from.here);
            return;
        }
        if (how == served::handed) {
            if (!was_handed) ready_.remove(from.fd.get());
            {
                std::lock_guard const lock(mutex_);
                queue_.push_back(&from);
            }
            arrived_.notify_one();
        } else if (was_handed) {
            ready_.add(from.fd.get(), EPOLLIN, &from);
        }
    }

    void burn_queued(std::stop_token const& stop) {
        std::unique_lock lock(mutex_);
        while (arrived_.wait(lock, stop, [this] { return !queue_.empty(); })) {
            auto* const next = queue_.front();
            queue_.pop_front();
            lock.unlock();
            kernel::burn(std::chrono::microseconds(params_.burn_us));
            lock.lock();
            burnt_.push_back(next);
            ::eventfd_write(burnt_fd_.get(), 1);
        }
    }

    mixed::params params_;
    int listen_fd_;
    int patience_ms_ = -1; ///< while descriptors are lacking: until accept is tried again
    char stop_tag_ = 0;
    char listen_tag_ = 0;
    char burnt_tag_ = 0;
    poller ready_;
    unique_fd burnt_fd_{checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")};
    std::list<framed_connection> connections_;
    mixed::outcome outcome_;
    std::mutex mutex_; ///< guards `queue_` and `burnt_`
    std::condition_variable_any arrived_;
    std::deque<framed_connection*> queue_;
    std::vector<framed_connection*> burnt_;
    std::vector<std::jthread> threads_; ///< last: joined before what they use is gone
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_offload(mixed::params const& params, mixed::environment const& environment) {
    return std::make_unique<loop_and_burners>(params, environment);
}

} // namespace thread_model
