// SPDX-License-Identifier: MIT
// The least that waits: a record on the heap with what to call and the unit's number, in a linked
// list. Whoever opens the gate walks the list.
#include "cells.hpp"
#include "kernel/ballast.hpp"

#include <memory>
#include <utility>

namespace floor_model {
namespace {

using contract::idle;

class waiting_records final : public contract::session<idle> {
public:
    waiting_records(idle::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}
    waiting_records(waiting_records const&) = delete;
    waiting_records& operator=(waiting_records const&) = delete;
    ~waiting_records() override {
        while (first_) {
            first_ = std::move(first_->next);
        }
    }

    idle::outcome run(contract::probe& probe) override {
        outcome_ = {};
        std::uint64_t i = 0;
        for (auto const step : idle::steps(params_)) {
            for (; i < step; ++i) {
                first_ = std::unique_ptr<record>(new record{
                    std::move(first_), &wake, i, kernel::ballast(seed_, i, params_.ballast_bytes)});
                probe.begin(i);
            }
            probe.look();
        }
        while (first_) {
            first_->wake(*this, *first_, probe);
            first_ = std::move(first_->next);
        }
        return outcome_;
    }

private:
    struct record {
        std::unique_ptr<record> next;
        void (*wake)(waiting_records&, record const&, contract::probe&);
        std::uint64_t number;
        kernel::ballast ballast;
    };

    static void wake(waiting_records& owner, record const& self, contract::probe& probe) {
        probe.end(self.number);
        owner.outcome_.sum +=
            self.ballast.value(owner.seed_, self.number, owner.params_.ballast_bytes);
        ++owner.outcome_.released;
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    std::unique_ptr<record> first_;
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    return std::make_unique<waiting_records>(params, around.limits.seed);
}

} // namespace floor_model
