// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"
#include "rig/all.hpp"
#include "rig/part.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace rig {

template <class W, class Environment = typename W::environment>
class rig;

/// Makes the environment of workload W out of the parts that its contract names. A part of a new
/// kind is a struct in a contract, and here a header in `parts/` with
/// `template <class W> std::unique_ptr<part> set_up(order const&, contract::has_it&)`.
template <class W, class... Parts>
class rig<W, contract::environment<Parts...>> {
public:
    /// In the order in which the contract names them. Throws contract::skipped_error for what this
    /// machine lacks, harness_error.
    rig(order const& wanted, contract::budget const& limits) {
        environment_.limits = limits;
        (parts_.push_back(
             of_this_machine([&] { return set_up<W>(wanted, static_cast<Parts&>(environment_)); })),
         ...);
    }

    /// Good while this rig lives.
    [[nodiscard]] typename W::environment const& environment() const noexcept {
        return environment_;
    }

    [[nodiscard]] std::vector<pid_t> programs() const {
        std::vector<pid_t> pids;
        for (auto const& each : parts_) {
            if (auto const pid = each->program()) pids.push_back(*pid);
        }
        return pids;
    }

    void go(pid_t measured) {
        for (auto const& each : parts_) {
            each->go(measured, programs());
        }
    }

    void before_run() {
        for (auto const& each : parts_) {
            each->before_run();
        }
    }

    /// `known`, and what the parts add.
    [[nodiscard]] oracle::evidence evidence(oracle::evidence known) const {
        for (auto const& each : parts_) {
            each->show(known);
        }
        return known;
    }

    /// Finishes part after part while `take(account)` says that all is well.
    template <class Take>
    void finish(Take&& take) {
        for (auto const& each : parts_) {
            if (!take(each->finish())) return;
        }
    }

private:
    typename W::environment environment_;
    std::vector<std::unique_ptr<part>> parts_;
};

} // namespace rig
