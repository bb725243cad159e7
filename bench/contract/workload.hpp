// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"

#include <cstdint>
#include <string_view>

namespace contract {

/// What the harness sets up around a workload, and who is the model in it.
enum class role {
    batch,  ///< `run` does a fixed amount of work and returns
    server, ///< `run` serves `listen_fd` until `stop_fd` is readable; the load generator drives it
    client  ///< `run` sends requests to the backend at `backend_port`
};

/// Whether a program of the harness does a part of the work, so that the model leaves it a CPU: a
/// database computes for its queries as a backend does, whoever drives the work. A backend that
/// mostly waits needs none of its own.
template <class W>
inline constexpr bool has_other_end = W::environment::has_other_end && !requires {
    W::other_end_mostly_waits;
};

/// A row group of the report.
enum class group { lesson, io_bound, cpu_bound, mixed, primitive, self };

/// A workload whose memory is measured while it runs: once a process, with no warm-up.
template <class W>
inline constexpr bool is_looked_at = requires {
    W::is_looked_at;
};

/// A workload whose cell is run by a process that the harness starts for it.
template <class W>
inline constexpr bool is_in_fresh_process = requires {
    W::in_fresh_process;
};

/// One size of a workload: its name on the command line and in JSON, its place in the params struct
/// and its legal range, both ends included.
template <class Params>
struct field {
    std::string_view name;
    std::uint64_t Params::*member;
    std::uint64_t least;
    std::uint64_t most;
    std::string_view meaning; ///< with the unit
};

/// One number of an outcome: its name to workers in other languages, and its place.
template <class Outcome>
struct outcome_field {
    std::string_view name;
    std::uint64_t Outcome::*member;
};

} // namespace contract
