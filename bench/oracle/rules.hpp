// SPDX-License-Identifier: MIT
#pragma once

#include "contract/probe.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// What the right answer of each workload is, and how large it may be asked for: linked to the
/// harness only. An oracle is sequential or a closed form; it never runs a model.
namespace oracle {

enum class preset { smoke, quick, full };

/// What the load generator saw of a server, warm-up included.
struct served {
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0; ///< sent to it and received back, verified
    std::uint64_t dear = 0;  ///< `mixed`: requests that compute; `gateway`: with a slow backend
    std::uint64_t least_dear_ns = 0; ///< the shortest time from one of them to its answer
    std::uint64_t least_ns = 0;      ///< the same of all messages of the measured window
};

/// What the backend saw of a client, over all runs of one session.
struct asked {
    std::uint64_t requests = 0;
    std::uint64_t most_in_flight = 0;
    std::uint64_t first = 0;      ///< `gateway`: questions that were not asked before
    std::uint64_t again = 0;      ///< and those that were
    std::uint64_t slow = 0;       ///< of the first, those that are answered late
    std::uint64_t slow_again = 0; ///< of them, those that were asked again before that
};

/// All that is known of one run beside its outcome.
struct evidence {
    std::span<contract::latency_slot const> slots;
    std::uint64_t run_ns = 0;
    std::optional<served> client = {};
    std::optional<oracle::asked> backend = {}; ///< of a server that is a client, too
    std::string_view output_folder = {};       ///< of a workload that writes files
};

/// Arming one unit takes less than this, sanitizers and a loaded machine aside. Where that pace
/// leaves all units in progress at the same moment, the rules look for that moment; where it does
/// not, a slow start cannot be distinguished from a model that holds units back.
inline constexpr std::uint64_t slowest_arm_ns = 3'000'000;

/// The rules of workload W. Stateless; every check returns "" or says in one line what is wrong.
template <class W>
struct rules {
    using params = typename W::params;

    virtual ~rules() = default;

    [[nodiscard]] virtual std::vector<params> points(preset) const = 0;

    /// What `units` counts, singular.
    [[nodiscard]] virtual std::string_view unit() const = 0;

    /// Work done by one run.
    [[nodiscard]] virtual std::uint64_t units(params const&) const = 0;

    /// Units that may be in progress at once: what `allowance::one_per_unit` may start.
    [[nodiscard]] virtual std::uint64_t in_flight(params const&) const { return 1; }

    /// How many operations a model notes in its probe; 0: none.
    [[nodiscard]] virtual std::uint64_t slots(params const&) const { return 0; }

    /// What is subtracted from the latency of operation i: its length by definition.
    [[nodiscard]] virtual std::uint64_t nominal_ns(params const&, std::uint64_t /*seed*/,
                                                   std::uint64_t /*i*/) const {
        return 0;
    }

    /// Sockets that the measured process holds at once.
    [[nodiscard]] virtual std::uint64_t sockets(params const&) const { return 0; }

    /// Params that are in range one by one and make no sense together.
    [[nodiscard]] virtual std::string refuse(params const&) const { return {}; }

    [[nodiscard]] virtual typename W::outcome expected(params const&, std::uint64_t seed) const = 0;

    /// `expected` is computed once a process and handed in, for it may take as long as a run.
    [[nodiscard]] virtual std::string check(params const&, std::uint64_t seed,
                                            typename W::outcome const& expected,
                                            typename W::outcome const& outcome,
                                            evidence const&) const = 0;

    /// Once a session: `runs` runs as the backend saw them.
    [[nodiscard]] virtual std::string check_asked(params const&, std::uint64_t /*runs*/,
                                                  asked const&) const {
        return {};
    }
};

} // namespace oracle
