// SPDX-License-Identifier: MIT
#pragma once

#include "client/edges.hpp"
#include "histogram/histogram.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace client {

/// What the measured window has shown; filled by the loops, judged by the guards, printed by the
/// report. Times in nanoseconds.
struct measured {
    std::uint64_t window_ns = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t errors = 0;        ///< connections that the server closed or reset
    std::uint64_t mismatched = 0;    ///< replies with a wrong or surplus byte
    std::uint64_t request_bytes = 0; ///< of a message
    std::uint64_t reply_bytes = 0;
    std::uint64_t warm_up_bytes = 0;
    std::uint64_t own_cpu_ns = 0;
    std::uint64_t awake_ns = 0;      ///< open loop: waited with the CPU for close arrivals
    std::uint64_t dear_messages = 0; ///< `mixed`, `gateway`: answered, with the warm-up
    std::uint64_t least_dear_ns = 0; ///< from the actual send of one to its answer; 0: none

    histogram::histogram latency;  ///< from the intended start; without the expensive ones
    histogram::histogram dear;     ///< `mixed`, `gateway`: the same of expensive ones
    histogram::histogram service;  ///< from the actual send
    histogram::histogram send_lag; ///< how late the generator itself was
    std::uint64_t late_sends =
        0; ///< more than 1 ms after both the intended start and a free connection

    /// From the first send to the last reply of each connection, summed.
    std::uint64_t connection_ns = 0;
    /// Of that, between a reply and the next send: the generator's own time.
    std::uint64_t think_ns = 0;
    std::uint64_t last_arrival_ns = 0; ///< open loop: the last intended start
    std::uint64_t latency_sum_ns = 0;  ///< of `service`
    std::uint64_t expected = 0;        ///< messages that the load asks for
    std::uint64_t half_at_ns = 0;      ///< when half of them were answered, from the start

    std::vector<std::uint64_t> served;   ///< replies by connection
    std::vector<std::uint32_t> reply_of; ///< connection of each reply, in order
    std::vector<std::uint64_t> reply_ns; ///< its latency
    std::vector<std::uint64_t> due_ns;   ///< with a surge: when it was to be sent

    server_usage server;
    nlohmann::json edge_round_trips; ///< of `edges`
    std::string stopped_early; ///< why the load ended before its last message; "" if it did not
    enum class end { completed, vanished, timed_out, overloaded } how = end::completed;
};

} // namespace client
