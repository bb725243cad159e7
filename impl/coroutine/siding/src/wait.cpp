// SPDX-License-Identifier: MIT
#include "siding/wait.hpp"

#include <memory>

namespace siding::detail {
namespace {

/// Takes its callbacks off the futures again, however the wait ends.
class subscriptions {
public:
    explicit subscriptions(std::vector<any_future> futures) : futures_(std::move(futures)) {}
    subscriptions(subscriptions const&) = delete;
    subscriptions& operator=(subscriptions const&) = delete;
    ~subscriptions() {
        timer_.cancel();
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            futures_[i].remove_done_callback(ids_[i]);
        }
    }

    template <class F>
    void subscribe(F callback) {
        ids_.reserve(futures_.size());
        for (auto const& each : futures_) {
            ids_.push_back(each.add_done_callback(callback));
        }
    }
    void set_timer(handle timer) noexcept { timer_ = std::move(timer); }

private:
    std::vector<any_future> futures_;
    std::vector<done_callback_id> ids_;
    handle timer_;
};

bool failed(any_future const& f) { return f.core()->now == state::failed; }

} // namespace

coroutine<> wait_for_some(std::vector<any_future> futures, time_limit timeout, return_when when) {
    auto& home = loop::running();
    auto const waiter = home.create_future();
    auto const left = std::make_shared<std::size_t>(futures.size());
    subscriptions all(std::move(futures));
    handle timer;
    if (!timeout.is_none()) {
        timer = home.call_later(timeout.length(), [waiter] { release_waiter(waiter); });
    }
    all.set_timer(timer);
    all.subscribe([waiter, left, when, timer](any_future const& f) mutable {
        bool enough = --*left == 0 || when == return_when::first_completed;
        if (!enough && when == return_when::first_exception && failed(f)) {
            static_cast<void>(f.exception()); // as in asyncio, this look at it counts
            enough = true;
        }
        if (!enough) return;
        timer.cancel();
        release_waiter(waiter);
    });
    co_await waiter;
}

coroutine<> cancel_and_wait(any_future f) {
    auto const waiter = loop::running().create_future();
    std::vector<any_future> one{f};
    subscriptions all(std::move(one));
    all.subscribe([waiter](any_future const&) { release_waiter(waiter); });
    f.cancel();
    co_await waiter;
}

} // namespace siding::detail
