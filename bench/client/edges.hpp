// SPDX-License-Identifier: MIT
#pragma once

#include "proc/machine.hpp"
#include "proc/usage.hpp"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace client {

/// What the server's process tree used in the window.
struct server_usage {
    bool known = false;
    std::size_t cpus = 1; ///< that it may run on
    proc::used used;
    proc::taken taken; ///< of its CPUs
    std::uint64_t threads = 0;
    std::uint64_t processes = 0;
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> pss_bytes;
};

/// The fields of a report; null if nothing is known.
[[nodiscard]] nlohmann::json to_json(server_usage const&);
/// The other way round.
[[nodiscard]] server_usage usage_from(nlohmann::json const& report);

/// Who reads the server's clocks at the edges of the window: only the load generator knows when it
/// opens and closes.
class edges {
public:
    virtual ~edges() = default;
    virtual void open() = 0;
    /// The difference to `open`; also threads and memory as they are now. `own_cpu_ns`: what the
    /// load generator itself used in between.
    [[nodiscard]] virtual server_usage close(std::uint64_t own_cpu_ns) = 0;
    /// What it took to be heard, on the way to another host; null where the server is here.
    [[nodiscard]] virtual nlohmann::json round_trips() const { return nullptr; }
};

} // namespace client
