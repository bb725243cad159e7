// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace coroutine_model;
    constexpr auto ring_ledger = "threads=1; TCP_NODELAY=on; receive=multishot, 1024 provided "
                                 "buffers of 4096 bytes; submission_entries=256";
    constexpr auto bulk_ledger =
        "threads=1; TCP_NODELAY=on; receive=in bulk, into buffer_bytes=65536 "
        "a connection; poll=oneshot; submission_entries=256";
    constexpr auto fork_join_ledger = "threads=1, whatever workers is";
    constexpr auto pool_ledger = "threads=workers; steal=continuations; frames=segmented stacks; "
                                 "deque=split, 16 shared; idle=48 looks, then futex";
    constexpr auto cores_ledger =
        "threads=workers, run_on_cores, a listening socket each (SO_REUSEPORT), not pinned; "
        "TCP_NODELAY=on; epoll=edge-triggered, registered once";
    constexpr auto ring_cores_ledger =
        "threads=workers, run_on_cores, a listening socket each (SO_REUSEPORT), not pinned; "
        "TCP_NODELAY=on; submission_entries=256";
    static std::array const cells{
        supports<fetch_data>(make_fetch_data_sequential, {.variant = "sequential"}),
        supports<fetch_data>(make_fetch_data_tasks, {.variant = "tasks"}),
        supports<waits>(make_waits_epoll, {.variant = "epoll"}),
        supports<waits>(make_waits_io_uring, {.variant = "io_uring"}),
        supports<echo>(make_echo_epoll,
                       {.variant = "epoll",
                        .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                  "once; buffer_bytes=16384 a connection"}),
        supports<echo>(make_echo_io_uring, {.variant = "io_uring", .ledger = ring_ledger}),
        supports<contract::pump>(make_pump_epoll,
                                 {.variant = "epoll",
                                  .ledger =
                                      "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                      "once; buffer_bytes=65536 a connection"}),
        supports<contract::pump>(make_pump_io_uring,
                                 {.variant = "io_uring", .ledger = bulk_ledger}),
        supports<contract::accept>(
            make_accept_epoll,
            {.variant = "epoll",
             .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                       "once; buffer_bytes=16384 a connection"}),
        supports<contract::accept>(make_accept_io_uring,
                                   {.variant = "io_uring", .ledger = ring_ledger}),
        supports<contract::held>(make_held_epoll,
                                 {.variant = "epoll",
                                  .ledger =
                                      "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                      "once; buffer_bytes=16384 a connection"}),
        supports<contract::held>(make_held_io_uring,
                                 {.variant = "io_uring", .ledger = ring_ledger}),
        supports<contract::delay>(make_delay_epoll,
                                  {.variant = "epoll",
                                   .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, "
                                             "registered once; sleep, a timer wheel"}),
        supports<contract::delay>(
            make_delay_io_uring,
            {.variant = "io_uring",
             .ledger = "threads=1; TCP_NODELAY=on; receive=multishot, 1024 provided buffers of "
                       "4096 bytes; submission_entries=256; sleep, a timer wheel"}),
        supports<contract::gateway>(make_gateway_epoll,
                                    {.variant = "epoll",
                                     .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, "
                                               "registered once; wait with a limit"}),
        supports<contract::gateway>(make_gateway_io_uring,
                                    {.variant = "io_uring", .ledger = ring_ledger}),
        supports<fetch>(make_fetch_epoll,
                        {.variant = "epoll",
                         .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                   "once"}),
        supports<fetch>(make_fetch_io_uring, {.variant = "io_uring", .ledger = ring_ledger}),
        supports<http>(make_http_epoll,
                       {.variant = "epoll",
                        .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                  "once; buffer_bytes=16384 a connection"}),
        supports<http>(make_http_io_uring, {.variant = "io_uring", .ledger = ring_ledger}),
        supports<hash_blocks>(make_hash_blocks, {.ledger = "threads=1, whatever workers is"}),
        supports<fib>(make_fib_loop, {.variant = "loop", .ledger = fork_join_ledger}),
        supports<nqueens>(make_nqueens_loop, {.variant = "loop", .ledger = fork_join_ledger}),
        supports<skynet>(make_skynet_loop, {.variant = "loop", .ledger = fork_join_ledger}),
        supports<matmul>(make_matmul_loop, {.variant = "loop", .ledger = fork_join_ledger}),
        supports<sort>(make_sort_loop, {.variant = "loop", .ledger = fork_join_ledger}),
        supports<fib>(make_fib_pool, {.variant = "pool", .ledger = pool_ledger}),
        supports<nqueens>(make_nqueens_pool, {.variant = "pool", .ledger = pool_ledger}),
        supports<skynet>(make_skynet_pool, {.variant = "pool", .ledger = pool_ledger}),
        supports<matmul>(make_matmul_pool, {.variant = "pool", .ledger = pool_ledger}),
        supports<sort>(make_sort_pool, {.variant = "pool", .ledger = pool_ledger}),
        supports<file_read>(make_file_read_epoll,
                            {.variant = "epoll",
                             .allowance = allowance::one_per_unit,
                             .ledger = "threads=1 + in_flight; preadv2(RWF_NOWAIT) on the loop, "
                                       "else pread in the executor"}),
        supports<file_read>(make_file_read_io_uring,
                            {.variant = "io_uring",
                             .ledger = "threads=1; preadv2(RWF_NOWAIT), else IORING_OP_READ"}),
        supports<query>(
            make_query_epoll,
            {.variant = "epoll",
             .ledger = "threads=1; libpq non-blocking, prepared statements; waits for readable"}),
        supports<query>(make_query_io_uring,
                        {.variant = "io_uring",
                         .ledger = "threads=1; libpq non-blocking, prepared statements; waits for "
                                   "readable (POLL_ADD)"}),
        supports<contract::pipeline>(
            make_pipeline_epoll, {.variant = "epoll",
                                  .ledger = "threads=1 + workers, run_in_executor; TCP_NODELAY=on; "
                                            "epoll=edge-triggered, registered once"}),
        supports<contract::pipeline>(
            make_pipeline_io_uring,
            {.variant = "io_uring",
             .ledger = "threads=1 + workers, run_in_executor; TCP_NODELAY=on; receive=multishot, "
                       "1024 provided buffers of 4096 bytes; submission_entries=256"}),
        supports<contract::pipeline>(make_pipeline_alone,
                                     {.variant = "alone",
                                      .ledger = "threads=1, whatever workers is: it computes and "
                                                "writes on the loop; TCP_NODELAY=on; "
                                                "epoll=edge-triggered, registered once"}),
        supports<mixed>(make_mixed_epoll,
                        {.variant = "epoll",
                         .ledger = "threads=1, with offload 1 + workers; TCP_NODELAY=on; "
                                   "epoll=edge-triggered, registered once; "
                                   "remedy=run_in_executor"}),
        supports<mixed>(make_mixed_io_uring,
                        {.variant = "io_uring",
                         .ledger = "threads=1, with offload 1 + workers; TCP_NODELAY=on; "
                                   "receive=multishot, 1024 provided buffers of 4096 bytes; "
                                   "submission_entries=256; remedy=run_in_executor"}),
        supports<spawn>(make_spawn, {.ledger = "threads=1; create_task"}),
        supports<yield>(make_yield, {.ledger = "threads=1; sleep(0)"}),
        supports<ping_pong>(make_ping_pong,
                            {.allowance = allowance::one_per_unit,
                             .ledger = "cpus=1: two queues of maxsize 1; cpus=2: two loops in two "
                                       "threads, two channels of one place"}),
        supports<channel>(make_channel, {.ledger = "threads=1; queue with maxsize"}),
        supports<wakeup>(make_wakeup_epoll,
                         {.variant = "epoll",
                          .allowance = allowance::one_per_unit,
                          .ledger = "call_soon_threadsafe, event; at most one write a sleep"}),
        supports<wakeup>(make_wakeup_io_uring,
                         {.variant = "io_uring",
                          .allowance = allowance::one_per_unit,
                          .ledger = "call_soon_threadsafe, event; at most one write a sleep"}),
        supports<cancel>(
            make_cancel,
            {.ledger = "threads=1; task::cancel, an exception in the task; joined with wait"}),
        supports<idle>(make_idle, {.ledger = "threads=1; a task a unit in event::wait"}),
        supports<startup>(make_startup, {.ledger = "threads=1; a loop on epoll, a task"}),
        supports<contract::echo>(make_echo_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::echo>(make_echo_cores_io_uring,
                                 {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::pump>(make_pump_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::pump>(make_pump_cores_io_uring,
                                 {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::accept>(make_accept_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::accept>(make_accept_cores_io_uring,
                                   {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::held>(make_held_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::held>(make_held_cores_io_uring,
                                 {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::http>(make_http_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::http>(make_http_cores_io_uring,
                                 {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::delay>(make_delay_cores, {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::delay>(make_delay_cores_io_uring,
                                  {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
        supports<contract::gateway>(make_gateway_cores,
                                    {.variant = "cores", .ledger = cores_ledger}),
        supports<contract::gateway>(make_gateway_cores_io_uring,
                                    {.variant = "cores_io_uring", .ledger = ring_cores_ledger}),
    };
    static model const coroutine{"coroutine", "C++20 coroutines on one loop, with asyncio's words",
                                 "siding 0.1, this project's", cells};
    return coroutine;
}
