// SPDX-License-Identifier: MIT
// To yield is to return to the loop. A uv_idle handle a unit is called once a turn of the loop;
// between two turns the loop looks for I/O, one epoll_wait, which is its price with few units.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"

#include <vector>

namespace callback {
namespace {

using contract::yield;

class idle_handles final : public contract::session<yield> {
public:
    idle_handles(yield::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), units_(params.units) {
        for (std::uint64_t i = 0; i < params.units; ++i) {
            checked(::uv_idle_init(loop_.get(), &units_[i].idle), "uv_idle_init");
            units_[i].idle.data = &units_[i];
            units_[i].owner = this;
            units_[i].number = i;
        }
    }

    yield::outcome run(contract::probe&) override {
        outcome_ = {.turns = 0, .chain = seed_};
        next_ = 0;
        // libuv calls the handle that was started last first.
        for (auto each = units_.rbegin(); each != units_.rend(); ++each) {
            each->turns_left = params_.turns;
            checked(::uv_idle_start(&each->idle, &turn), "uv_idle_start");
        }
        loop_.run();
        return outcome_;
    }

private:
    struct unit {
        uv_idle_t idle; ///< `data` points to this unit
        idle_handles* owner;
        std::uint64_t number;
        std::uint64_t turns_left;
    };

    static void turn(uv_idle_t* idle) {
        auto& self = *static_cast<unit*>(idle->data);
        auto& shared = *self.owner;
        if (shared.next_ != self.number) return;
        shared.outcome_.chain = kernel::mix(shared.outcome_.chain + self.number);
        ++shared.outcome_.turns;
        shared.next_ = self.number + 1 == shared.params_.units ? 0 : self.number + 1;
        if (--self.turns_left == 0) ::uv_idle_stop(idle);
    }

    yield::params params_;
    std::uint64_t seed_;
    yield::outcome outcome_;
    std::uint64_t next_ = 0; ///< whose turn it is
    std::vector<unit> units_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    return std::make_unique<idle_handles>(params, around.limits.seed);
}

} // namespace callback
