// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "facts/verdict.hpp"
#include "oracle/rules.hpp"

#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <vector>

namespace rig {

/// The way to the other end of a cell, where that stands on another host.
struct link {
    std::uint32_t address = 0; ///< of this end, in host order
    std::string agent;         ///< "ADDRESS:PORT" of who starts programs at the other end
};

/// For which session a rig is set up.
struct order {
    std::string_view workload;
    nlohmann::json params;
    std::uint64_t seed = 1;
    std::uint64_t warm_up = 1;        ///< iterations before those that count
    std::chrono::nanoseconds timeout; ///< of the watchdog
    std::vector<int> cpus;            ///< of the programs that a part starts
    std::optional<link> over = {};    ///< nothing: all stands on this machine
};

/// What a part knows when all is over.
struct account {
    nlohmann::json fields = nlohmann::json::object(); ///< of the sample
    facts::judgement found = {};                      ///< by the part itself
    std::optional<oracle::asked> asked = {};          ///< for `rules<W>::check_asked`
    std::optional<oracle::served> served = {};        ///< for `rules<W>::check`
    std::optional<std::uint64_t> threads = {}; ///< and children of the session, under its load
};

/// One thing that the harness sets up around a session: up from before `make` until after
/// `destroy`. It fills in its part of the environment when it is made; its destructor tears all
/// down, whatever has happened.
class part {
public:
    part() = default;
    part(part const&) = delete;
    part& operator=(part const&) = delete;
    virtual ~part() = default;

    /// The child of this process that runs for it, no part of the model.
    [[nodiscard]] virtual std::optional<pid_t> program() const { return {}; }

    /// The session is made, in the process `measured`: it may be asked for its service. `programs`:
    /// those of all parts.
    virtual void go(pid_t /*measured*/, std::vector<pid_t> const& /*programs*/) {}

    /// Right before a run.
    virtual void before_run() {}

    /// Adds what the oracle may look at after a run.
    virtual void show(oracle::evidence&) const {}

    /// Stops what runs and says what it saw. Once, and not after a failure: then something may
    /// hold what it waits for. Throws harness_error.
    [[nodiscard]] virtual account finish() { return {}; }
};

/// What `make` returns. A call that the machine refuses to the harness is no fault of a model: its
/// std::system_error becomes a contract::skipped_error.
template <class Make>
auto of_this_machine(Make&& make) {
    try {
        return make();
    } catch (std::system_error const& refused) {
        throw contract::skipped_error(
            fmt::format("this machine refuses what a cell needs ({}): allow it, in the profile of "
                        "the container or as docs/reliability.md says",
                        refused.what()));
    }
}

} // namespace rig
