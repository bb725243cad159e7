// SPDX-License-Identifier: MIT
#pragma once

#include "client/connection.hpp"
#include "client/load/load.hpp"
#include "client/load/poller.hpp"
#include "client/measured.hpp"

#include <vector>

namespace client {

/// The connections of one load and what happens on them. The closed and the open loop are two ways
/// to decide when the next message starts.
class driver {
public:
    /// Connects all connections. Throws load_error.
    explicit driver(client::load const& load);

    /// Sends `count` messages, each connection its next when the reply to the last is complete.
    /// A warm-up is verified and not recorded; `into` says why it ended early, if it did.
    void run_closed(std::uint64_t count, measured& into, bool warm);
    /// Sends one message at each intended start, on the connection that has been free longest.
    void run_open(std::vector<std::uint64_t> const& arrivals_ns, measured& into);

    /// Looks for bytes that nobody asked for, after the last reply.
    void check_for_surplus(measured& into);

    [[nodiscard]] std::vector<connection> const& connections() const noexcept {
        return connections_;
    }

private:
    enum class outcome { none, complete, broken };
    /// Starts a message; false: the server has closed this connection, which stopped the load.
    [[nodiscard]] bool start(std::uint64_t index, measured* into);
    void note_closed(std::uint64_t index, measured* into) const;
    /// Serves one event of connection `index`; `broken` has stopped the load.
    outcome serve(std::uint64_t index, std::uint32_t events, measured* into);
    [[nodiscard]] bool out_of_time(measured* into);
    /// `mixed` counts these in the warm-up as well, for the server counts them, too.
    static void note_dear(connection const& link, std::uint64_t now, measured& into);
    void record(connection& link, std::uint64_t index, std::uint64_t now, measured& into);
    void finish(std::uint64_t started_ns, measured& into);

    client::load load_;
    poller poller_;
    std::vector<connection> connections_;
    std::uint64_t deadline_ns_;
};

} // namespace client
