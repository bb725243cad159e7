// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <cstdint>
#include <optional>

namespace client {

/// What a surge has done: the middle third of an open loop's messages, which arrive faster than the
/// others. A server that was pushed beyond its capacity has a backlog when the surge ends.
struct surge_seen {
    std::uint64_t normal_p99_ns = 0; ///< latency of the messages that were due before it
    double goodput_per_s = 0;        ///< replies while it lasted
    /// From its last arrival until latency is normal again: until the first due time from which on,
    /// of the next messages (a twentieth of a third, 20 at least), 95 % are within the normal p99.
    std::optional<std::uint64_t> recovery_ns;
};

/// Of a load that has ended well.
[[nodiscard]] surge_seen surge_of(load const& asked, measured const& seen);

} // namespace client
