// SPDX-License-Identifier: MIT
// No unit: a record that hangs in a list of those that wait, as in one slot of a timer wheel. To
// cancel it is to take it out of there and to call through the pointer in it.
#include "kernel/cancel.hpp"
#include "cells.hpp"

#include <vector>

namespace floor_model {
namespace {

using contract::cancel;

class listed_records final : public contract::session<cancel> {
public:
    listed_records(cancel::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          order_(kernel::cancel::order(seed, params.units)),
          records_(params.units) {}

    cancel::outcome run(contract::probe& probe) override {
        cancel::outcome outcome;
        link head{&head, &head};
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            auto& each = records_[unit];
            each.deadline_ns = kernel::cancel::wait_ns(seed_, unit);
            each.clean_up = entry_;
            each.previous = head.previous;
            each.next = &head;
            head.previous->next = &each;
            head.previous = &each;
            outcome.waiting += kernel::cancel::waiting_mark(seed_, unit);
        }
        for (std::uint64_t first = 0; first < params_.units; first += params_.burst) {
            for (auto k = first; k < first + params_.burst; ++k) {
                auto const unit = order_[k];
                auto& each = records_[unit];
                probe.begin(unit);
                each.previous->next = each.next;
                each.next->previous = each.previous;
                each.clean_up(unit, seed_, probe, outcome);
            }
            outcome.joined += params_.burst;
        }
        return outcome;
    }

private:
    using cleaner = void (*)(std::uint64_t unit, std::uint64_t seed, contract::probe&,
                             cancel::outcome&);

    struct link {
        link* previous = nullptr;
        link* next = nullptr;
    };
    struct record : link {
        std::uint64_t deadline_ns = 0;
        cleaner clean_up = nullptr;
    };

    static void clean_up(std::uint64_t unit, std::uint64_t seed, contract::probe& probe,
                         cancel::outcome& outcome) {
        probe.end(unit);
        outcome.cancelled += kernel::cancel::cancelled_mark(seed, unit);
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    cleaner volatile entry_ = &clean_up;
    std::vector<record> records_;
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    return std::make_unique<listed_records>(params, around.limits.seed);
}

} // namespace floor_model
