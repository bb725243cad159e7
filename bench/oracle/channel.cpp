// SPDX-License-Identifier: MIT
#include "contract/workloads/channel.hpp"
#include "kernel/channel_ledger.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::channel;

struct channel_rules final : rules<channel> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.producers = 1, .items = 300, .capacity = 16},
                    {.producers = 4, .items = 50, .capacity = 16},
                    {.producers = 2, .items = 50, .capacity = 1}};
        case preset::quick:
            return {{.producers = 1, .items = 100'000, .capacity = 64},
                    {.producers = 8, .items = 10'000, .capacity = 64}};
        case preset::full:
            return {{.producers = 1, .items = 1'000'000, .capacity = 1},
                    {.producers = 1, .items = 2'000'000, .capacity = 64},
                    {.producers = 8, .items = 200'000, .capacity = 64},
                    {.producers = 100, .items = 20'000, .capacity = 1'024}};
        }
        return {};
    }
    std::string_view unit() const override { return "item"; }
    std::uint64_t units(params const& p) const override { return p.producers * p.items; }
    std::uint64_t in_flight(params const& p) const override { return p.producers + 1; }

    channel::outcome expected(params const& p, std::uint64_t seed) const override {
        kernel::channel_ledger ledger(p.producers);
        for (std::uint64_t producer = 0; producer < p.producers; ++producer) {
            for (std::uint64_t i = 0; i < p.items; ++i) {
                ledger.enter(kernel::item_of(seed, p.items, producer, i));
            }
        }
        return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = p.capacity};
    }

    std::string check(params const&, std::uint64_t, channel::outcome const& right,
                      channel::outcome const& outcome, evidence const&) const override {
        if (outcome.taken != right.taken) {
            return fmt::format("{} items taken, not {}", outcome.taken, right.taken);
        }
        if (outcome.digest != right.digest) {
            return fmt::format("digest {}, not {}: an item is missing, double or out of order",
                               outcome.digest, right.digest);
        }
        if (outcome.most_queued <= right.most_queued) return {};
        return fmt::format("{} items were in the channel, and {} may be", outcome.most_queued,
                           right.most_queued);
    }
};

} // namespace

rules<channel> const& rules_of(std::type_identity<channel>) {
    static channel_rules const rules;
    return rules;
}

} // namespace oracle
