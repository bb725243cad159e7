// SPDX-License-Identifier: MIT
#include "connection_fibers.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future.hpp>
#include <mutex>

namespace fiber {

std::uint64_t connection_fibers::run() {
    accepted_ = 0;
    auto accepting = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                          [this] { accept_all(); });
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
    return accepted_;
}

void connection_fibers::accept_all() try {
    while (auto connection = listener_.accept()) {
        ++accepted_;
        start(std::make_unique<socket>(thread_.reactor(), std::move(connection)));
    }
} catch (...) {
    stop_.cancel(); // `run` gets the exception from the future
    throw;
}

void connection_fibers::start(std::unique_ptr<socket> peer) {
    open_.insert(peer.get());
    boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks_,
                         [this, owned = std::move(peer)]() mutable {
                             serve_(*owned);
                             close(std::move(owned));
                         })
        .detach();
}

void connection_fibers::close(std::unique_ptr<socket> peer) {
    open_.erase(peer.get());
    peer.reset();
    if (!open_.empty()) return;
    std::unique_lock lock(mutex_);
    all_closed_.notify_all();
}

} // namespace fiber
