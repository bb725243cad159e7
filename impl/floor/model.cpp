// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    constexpr auto fork_join_ledger =
        "threads=workers, the caller included; split=waves of 16 subtrees a worker or more, drawn "
        "from a counter; grain ignored: subtrees are solved whole";
    constexpr auto ring_ledger =
        "threads=1; TCP_NODELAY=on; accept=multishot; receive=multishot, 1024 provided buffers of "
        "4096 bytes; flags=SINGLE_ISSUER, DEFER_TASKRUN; submission_entries=1024";
    constexpr auto pump_ring_ledger =
        "threads=1; TCP_NODELAY=on; accept=multishot; receive=multishot, 64 provided buffers of "
        "65536 bytes; flags=SINGLE_ISSUER, DEFER_TASKRUN; submission_entries=1024";
    static std::array const cells{
        supports<fetch_data>(floor_model::make_fetch_data,
                             {.style = style::tuned, .ledger = "timer=clock_nanosleep, absolute"}),
        supports<waits>(floor_model::make_waits,
                        {.style = style::tuned,
                         .ledger = "timer=clock_nanosleep, absolute; queue=one array, counting "
                                   "sort into slices of time; bytes_per_wait=32"}),
        supports<echo>(floor_model::make_echo_epoll,
                       {.variant = "epoll",
                        .style = style::tuned,
                        .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                  "once; events=256; buffer_bytes=65536, one for all"}),
        supports<echo>(floor_model::make_echo_io_uring,
                       {.variant = "io_uring", .style = style::tuned, .ledger = ring_ledger}),
        supports<contract::pump>(floor_model::make_pump_epoll,
                                 {.variant = "epoll",
                                  .style = style::tuned,
                                  .ledger =
                                      "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                      "once; events=256; buffer_bytes=65536, one for all"}),
        supports<contract::pump>(
            floor_model::make_pump_io_uring,
            {.variant = "io_uring", .style = style::tuned, .ledger = pump_ring_ledger}),
        supports<contract::accept>(
            floor_model::make_accept_epoll,
            {.variant = "epoll",
             .style = style::tuned,
             .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                       "once; events=256; buffer_bytes=65536, one for all"}),
        supports<contract::accept>(
            floor_model::make_accept_io_uring,
            {.variant = "io_uring", .style = style::tuned, .ledger = ring_ledger}),
        supports<contract::held>(floor_model::make_held_epoll,
                                 {.variant = "epoll",
                                  .style = style::tuned,
                                  .ledger =
                                      "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                      "once; events=256; buffer_bytes=65536, one for all"}),
        supports<contract::held>(
            floor_model::make_held_io_uring,
            {.variant = "io_uring", .style = style::tuned, .ledger = ring_ledger}),
        supports<contract::delay>(
            floor_model::make_delay,
            {.style = style::tuned,
             .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered once; "
                       "epoll_pwait2; timers=a queue, for all wait equally long"}),
        supports<contract::gateway>(
            floor_model::make_gateway,
            {.style = style::tuned,
             .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered once; "
                       "epoll_pwait2; limits=a queue, for all are equally long; connect=blocking"}),
        supports<fetch>(floor_model::make_fetch,
                        {.style = style::tuned,
                         .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                   "once; events=256"}),
        supports<http>(floor_model::make_http_epoll,
                       {.variant = "epoll",
                        .style = style::tuned,
                        .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                  "once; events=256; buffer_bytes=65536, one for all"}),
        supports<http>(floor_model::make_http_io_uring,
                       {.variant = "io_uring", .style = style::tuned, .ledger = ring_ledger}),
        supports<hash_blocks>(floor_model::make_hash_blocks,
                              {.style = style::tuned,
                               .ledger = "threads=workers, the caller included; split=a shared "
                                         "ticket, 64 draws a worker"}),
        supports<fib>(floor_model::make_fib, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<nqueens>(floor_model::make_nqueens,
                          {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<skynet>(floor_model::make_skynet,
                         {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<matmul>(floor_model::make_matmul,
                         {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<sort>(floor_model::make_sort, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<file_read>(
            floor_model::make_file_read_pread,
            {.variant = "pread", .style = style::tuned, .ledger = "threads=1; one read in flight"}),
        supports<file_read>(floor_model::make_file_read_io_uring,
                            {.variant = "io_uring",
                             .style = style::tuned,
                             .ledger = "threads=1; one io_uring_enter for all that is ready"}),
        supports<query>(
            floor_model::make_query,
            {.style = style::tuned,
             .ledger =
                 "threads=1; epoll=level-triggered; libpq non-blocking, prepared statements"}),
        supports<contract::pipeline>(
            floor_model::make_pipeline,
            {.style = style::tuned,
             .ledger = "threads=workers, the caller included; epoll per thread, edge-triggered, "
                       "registered once; an item ends on the thread that received it"}),
        supports<mixed>(floor_model::make_mixed,
                        {.style = style::tuned,
                         .ledger = "threads=1, with offload 1 + workers; TCP_NODELAY=on; "
                                   "epoll=edge-triggered, registered once; remedy=a queue under "
                                   "one lock, eventfd"}),
        supports<spawn>(
            floor_model::make_spawn,
            {.style = style::tuned, .ledger = "threads=1; no unit: an indirect call on a record"}),
        supports<yield>(floor_model::make_yield,
                        {.style = style::tuned,
                         .ledger = "threads=1; a state machine, an indirect call a turn"}),
        supports<ping_pong>(floor_model::make_ping_pong,
                            {.style = style::tuned,
                             .allowance = allowance::one_per_unit,
                             .ledger = "cpus=1: state machines, an indirect call a message; "
                                       "cpus=2: two threads; looks=2000, then futex"}),
        supports<channel>(
            floor_model::make_channel,
            {.style = style::tuned, .ledger = "threads=1; a ring, an indirect call a fill"}),
        supports<wakeup>(floor_model::make_wakeup_eventfd,
                         {.variant = "eventfd",
                          .style = style::tuned,
                          .allowance = allowance::one_per_unit,
                          .ledger = "epoll_wait on an edge-triggered eventfd; one write a wake"}),
        supports<wakeup>(floor_model::make_wakeup_futex, {.variant = "futex",
                                                          .style = style::tuned,
                                                          .allowance = allowance::one_per_unit,
                                                          .ledger = "raw futex"}),
        supports<cancel>(floor_model::make_cancel,
                         {.style = style::tuned,
                          .ledger = "no unit: a record is unlinked, and called through a pointer"}),
        supports<idle>(floor_model::make_idle,
                       {.style = style::tuned, .ledger = "threads=1; a record a unit in a list"}),
        supports<startup>(floor_model::make_startup,
                          {.style = style::tuned, .ledger = "no runtime; an indirect call"}),
    };
    static model const floor{"floor", "the least that kernel and hardware allow, with no runtime",
                             "none", cells};
    return floor;
}
