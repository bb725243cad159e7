// SPDX-License-Identifier: MIT
#pragma once

#include "facts/table/metrics.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace oracle {

/// Which question of a report's first page a workload answers. Those that answer one are what
/// preset `quick` measures when no workload is named.
enum class question { none, waiting, serving, computing };

/// Which part of a request a workload stands for where `switchyard advise` adds up what a request
/// costs.
enum class request_part { none, serving, serving_and_computing, waiting };

/// A size of the point that a report speaks of first.
template <class Params>
struct preferred_size {
    std::uint64_t Params::*member;
    std::uint64_t value;
};

/// What a report makes of a workload.
template <class Params>
struct presentation {
    oracle::question question = question::none;
    oracle::request_part request_part = request_part::none;
    std::string_view headline = facts::metric::throughput; ///< the metric that ranks its contenders
    std::string_view headline_reason = {};                 ///< where it is not throughput
    /// The point nearest to these sizes is the one that stands for the workload; without any, the
    /// one whose runs take longest.
    std::vector<preferred_size<Params>> preferred = {};
};

/// The rules of a workload that has something to say derive from this, too; the others are judged
/// by throughput. No word of it reaches a model.
template <class W>
struct presents {
    virtual ~presents() = default;
    [[nodiscard]] virtual presentation<typename W::params> presented() const = 0;
};

/// What a report makes of W.
template <class W, class Rules>
[[nodiscard]] presentation<typename W::params> presentation_of(Rules const& rules) {
    auto const* const own = dynamic_cast<presents<W> const*>(&rules);
    return own == nullptr ? presentation<typename W::params>{} : own->presented();
}

[[nodiscard]] constexpr std::string_view name_of(question question) noexcept {
    switch (question) {
    case question::waiting:
        return "waiting";
    case question::serving:
        return "serving";
    case question::computing:
        return "computing";
    case question::none:
        break;
    }
    return {};
}

[[nodiscard]] constexpr std::string_view name_of(request_part part) noexcept {
    switch (part) {
    case request_part::serving:
        return "serving";
    case request_part::serving_and_computing:
        return "serving_and_computing";
    case request_part::waiting:
        return "waiting";
    case request_part::none:
        break;
    }
    return {};
}

} // namespace oracle
