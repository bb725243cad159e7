// SPDX-License-Identifier: MIT
// Every wait is 16 bytes in one array. When all are armed, a counting sort deals them into slices
// of time, about four to a slice, and a slice is put in order only when its time comes: the work
// per wait does not grow with N. A sleep wakes for everything that is due by then.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "posix.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

namespace floor_model {
namespace {

using contract::waits;

struct wait {
    std::uint64_t deadline_ns;
    std::uint64_t index;
};

class sliced_array final : public contract::session<waits> {
public:
    sliced_array(waits::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          armed_(params.waits),
          ordered_(params.waits),
          slice_ends_(std::bit_ceil(std::max<std::uint64_t>(params.waits / 4, 1))) {}

    waits::outcome run(contract::probe& probe) override {
        arm(probe);
        deal();
        waits::outcome outcome;
        std::uint64_t now_ns = 0;
        std::size_t slice_begin = 0;
        for (auto const slice_end : slice_ends_) {
            std::span const slice(ordered_.data() + slice_begin, slice_end - slice_begin);
            slice_begin = slice_end;
            std::ranges::sort(slice, {}, &wait::deadline_ns);
            for (auto const& wait : slice) {
                // Often enough due by the last look at the clock: no second look then.
                if (wait.deadline_ns > now_ns && wait.deadline_ns > (now_ns = monotonic_ns())) {
                    sleep_until(wait.deadline_ns);
                    now_ns = monotonic_ns();
                }
                probe.end(wait.index);
                outcome.checksum += kernel::mix(wait.index);
                ++outcome.completed;
            }
        }
        return outcome;
    }

private:
    void arm(contract::probe& probe) {
        first_ns_ = ~std::uint64_t{0};
        last_ns_ = 0;
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            auto const length_ns =
                kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us);
            probe.begin(i);
            // Read after `begin`: a deadline counted from an older reading would end early.
            auto const deadline_ns = monotonic_ns() + length_ns;
            armed_[i] = {deadline_ns, i};
            first_ns_ = std::min(first_ns_, deadline_ns);
            last_ns_ = std::max(last_ns_, deadline_ns);
        }
    }

    /// Counting sort of `armed_` into `ordered_`; afterwards slice s ends before slice_ends_[s].
    void deal() {
        // The shift by which the span falls below the number of slices, a power of two.
        auto const span_bits = std::bit_width(last_ns_ - first_ns_);
        auto const slice_bits = std::countr_zero(slice_ends_.size());
        auto const shift = std::max(static_cast<int>(span_bits) - slice_bits, 0);
        auto const slice_of = [&](wait const& w) { return (w.deadline_ns - first_ns_) >> shift; };

        std::ranges::fill(slice_ends_, 0);
        for (auto const& wait : armed_) {
            ++slice_ends_[slice_of(wait)];
        }
        std::size_t begin = 0;
        for (auto& slice : slice_ends_) {
            begin += std::exchange(slice, begin);
        }
        for (auto const& wait : armed_) {
            ordered_[slice_ends_[slice_of(wait)]++] = wait;
        }
    }

    waits::params params_;
    std::uint64_t seed_;
    std::vector<wait> armed_;
    std::vector<wait> ordered_;
    std::vector<std::size_t> slice_ends_;
    std::uint64_t first_ns_ = 0;
    std::uint64_t last_ns_ = 0;
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits(waits::params const& params,
                                                     waits::environment const& environment) {
    return std::make_unique<sliced_array>(params, environment.limits.seed);
}

} // namespace floor_model
