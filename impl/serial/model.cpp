// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    static std::array const cells{
        supports<fetch_data>(serial::make_fetch_data),
        declined("waits", "the contract wants all waits in progress at once; one after another has "
                          "one, and its time would be the sum of the waits, known without a run"),
        supports<echo>(serial::make_echo,
                       {.ledger =
                            "connections=1 only; TCP_NODELAY=on; buffer_bytes=65536; "
                            "SO_RCVTIMEO=SO_SNDTIMEO=100 ms, to look at the stop descriptor"}),
        supports<contract::pump>(
            serial::make_pump,
            {.ledger = "connections=1 only; TCP_NODELAY=on; buffer_bytes=65536; "
                       "SO_RCVTIMEO=SO_SNDTIMEO=100 ms, to look at the stop descriptor"}),
        supports<contract::accept>(
            serial::make_accept,
            {.ledger = "connections=1 only; TCP_NODELAY=on; buffer_bytes=65536; "
                       "SO_RCVTIMEO=SO_SNDTIMEO=100 ms, to look at the stop descriptor"}),
        supports<contract::held>(
            serial::make_held,
            {.ledger = "connections=1 only; TCP_NODELAY=on; buffer_bytes=65536; "
                       "SO_RCVTIMEO=SO_SNDTIMEO=100 ms, to look at the stop descriptor"}),
        supports<contract::delay>(serial::make_delay,
                                  {.ledger = "connections=1 only; TCP_NODELAY=on; sleep_for; "
                                             "SO_RCVTIMEO=100 ms, to look at the stop descriptor"}),
        supports<contract::gateway>(
            serial::make_gateway,
            {.ledger = "connections=1 only; TCP_NODELAY=on; ppoll over the backends; "
                       "SO_RCVTIMEO=100 ms, to look at the stop descriptor"}),
        supports<fetch>(serial::make_fetch,
                        {.ledger = "in_flight=1 only; TCP_NODELAY=on; blocking socket"}),
        supports<http>(serial::make_http,
                       {.ledger =
                            "connections=1 only; TCP_NODELAY=on; buffer_bytes=65536; "
                            "SO_RCVTIMEO=SO_SNDTIMEO=100 ms, to look at the stop descriptor"}),
        supports<hash_blocks>(serial::make_hash_blocks),
        supports<fib>(serial::make_fib),
        supports<nqueens>(serial::make_nqueens),
        supports<skynet>(serial::make_skynet),
        supports<matmul>(serial::make_matmul),
        supports<sort>(serial::make_sort),
        supports<file_read>(serial::make_file_read, {.ledger = "one read in flight"}),
        supports<query>(serial::make_query, {.ledger = "one connection, one statement under way"}),
        supports<contract::pipeline>(serial::make_pipeline,
                                     {.ledger = "one item under way; blocking socket"}),
        supports<mixed>(serial::make_mixed, {.ledger = "connections=1 only; TCP_NODELAY=on; "
                                                       "SO_RCVTIMEO=100 ms, to look at the stop "
                                                       "descriptor"}),
        declined("spawn", "serial creates nothing: what a call costs is in floor"),
        declined("yield", "serial has one thread of control and nobody to give way to"),
        declined("ping_pong", "serial has one thread of control and nobody to pass a token to"),
        declined("channel", "serial has one thread of control: what would put and take at once"),
        declined("wakeup", "serial never waits for another thread"),
        declined("cancel", "while serial waits nothing else runs, so that nobody could cancel it"),
        declined("idle", "serial has one thread of control: while it waits, nothing else does"),
        supports<startup>(serial::make_startup),
    };
    static model const serial{"serial", "one thing after another, from start to finish",
                              "C++ standard library", cells};
    return serial;
}
