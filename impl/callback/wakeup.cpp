// SPDX-License-Identifier: MIT
// uv_async_send, the one call of libuv that other threads may make.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/wake.hpp"

#include <thread>

namespace callback {
namespace {

using contract::wakeup;

class async_handle final : public contract::session<wakeup> {
public:
    async_handle(wakeup::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {
        checked(::uv_async_init(loop_.get(), &async_, &woken), "uv_async_init");
        async_.data = this;
    }

    wakeup::outcome run(contract::probe& probe) override {
        ledger_.restart(seed_);
        probe_ = &probe;
        std::jthread const waker([&] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_, [this] { ::uv_async_send(&async_); });
        });
        loop_.run();
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

private:
    static void woken(uv_async_t* async) {
        auto& self = *static_cast<async_handle*>(async->data);
        self.ledger_.arrived(*self.probe_);
        if (self.ledger_.count() == self.params_.wakes) self.loop_.stop();
    }

    wakeup::params params_;
    std::uint64_t seed_;
    contract::probe* probe_ = nullptr;
    kernel::wake_ledger ledger_;
    uv_async_t async_;
    event_loop loop_; ///< last: its destructor closes the handle above
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup(wakeup::params const& params,
                                                       wakeup::environment const& around) {
    return std::make_unique<async_handle>(params, around.limits.seed);
}

} // namespace callback
