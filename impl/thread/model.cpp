// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace thread_model;
    constexpr auto fork_join_ledger_pool =
        "queue=one, a mutex, newest first; a join runs other tasks";
    constexpr auto fork_join_ledger_stealing =
        "deques=one a thread, a mutex each, oldest stolen; a join runs other tasks, then yields";
    static std::array const cells{
        supports<fetch_data>(make_fetch_data, {.allowance = allowance::one_per_unit,
                                               .ledger = "threads=std::async, one per fetch"}),
        supports<waits>(make_waits_per_wait, {.variant = "per_wait",
                                              .allowance = allowance::one_per_unit,
                                              .ledger = "stack_bytes=65536 instead of 8 MiB; "
                                                        "timer slack=default (50 us)"}),
        supports<waits>(make_waits_pool, {.variant = "pool",
                                          .ledger = "timers=one heap, leader and followers; "
                                                    "expired timers taken in batches of up to 64"}),
        supports<echo>(make_echo_per_connection,
                       {.variant = "per_connection",
                        .allowance = allowance::one_per_unit,
                        .ledger = "blocking sockets; TCP_NODELAY=on; buffer_bytes=65536 a thread; "
                                  "stack_bytes=131072 instead of 8 MiB"}),
        supports<echo>(make_echo_pool,
                       {.variant = "pool",
                        .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                  "connections dealt in turn; TCP_NODELAY=on; "
                                  "buffer_bytes=65536 a worker"}),
        supports<contract::pump>(
            make_pump_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "blocking sockets; TCP_NODELAY=on; buffer_bytes=65536 a thread; "
                       "stack_bytes=131072 instead of 8 MiB"}),
        supports<contract::pump>(make_pump_pool,
                                 {.variant = "pool",
                                  .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                            "connections dealt in turn; TCP_NODELAY=on; "
                                            "buffer_bytes=65536 a worker"}),
        supports<contract::accept>(
            make_accept_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "blocking sockets; TCP_NODELAY=on; buffer_bytes=65536 a thread; "
                       "stack_bytes=131072 instead of 8 MiB"}),
        supports<contract::accept>(
            make_accept_pool, {.variant = "pool",
                               .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                         "connections dealt in turn; TCP_NODELAY=on; "
                                         "buffer_bytes=65536 a worker"}),
        supports<contract::held>(
            make_held_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "blocking sockets; TCP_NODELAY=on; buffer_bytes=65536 a thread; "
                       "stack_bytes=131072 instead of 8 MiB"}),
        supports<contract::held>(make_held_pool,
                                 {.variant = "pool",
                                  .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                            "connections dealt in turn; TCP_NODELAY=on; "
                                            "buffer_bytes=65536 a worker"}),
        supports<contract::delay>(
            make_delay_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "blocking sockets; sleep_for; TCP_NODELAY=on; stack_bytes=131072 instead of "
                       "8 MiB"}),
        supports<contract::delay>(
            make_delay_pool,
            {.variant = "pool",
             .ledger = "epoll per worker, level-triggered, 256 events a wait, epoll_pwait2; a heap "
                       "of timers per worker; connections dealt in turn; TCP_NODELAY=on"}),
        supports<contract::gateway>(
            make_gateway_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "blocking sockets; ppoll over the backends; TCP_NODELAY=on; "
                       "stack_bytes=131072 instead of 8 MiB"}),
        supports<contract::gateway>(
            make_gateway_pool,
            {.variant = "pool",
             .ledger = "epoll per worker, level-triggered, 256 events a wait, epoll_pwait2; a heap "
                       "of limits per worker; connections dealt in turn; connect=blocking; "
                       "TCP_NODELAY=on"}),
        supports<fetch>(make_fetch_per_connection,
                        {.variant = "per_connection",
                         .allowance = allowance::one_per_unit,
                         .ledger = "blocking sockets; TCP_NODELAY=on; "
                                   "stack_bytes=65536 instead of 8 MiB"}),
        supports<fetch>(make_fetch_pool,
                        {.variant = "pool",
                         .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                   "TCP_NODELAY=on"}),
        supports<http>(make_http_per_connection,
                       {.variant = "per_connection",
                        .allowance = allowance::one_per_unit,
                        .ledger = "blocking sockets; TCP_NODELAY=on; buffer_bytes=65536 a thread; "
                                  "stack_bytes=131072 instead of 8 MiB"}),
        supports<http>(
            make_http_pool,
            {.variant = "pool",
             .ledger = "epoll per worker, level-triggered, 256 events a wait; connections dealt in "
                       "turn; TCP_NODELAY=on; buffer_bytes=65536 a worker"}),
        supports<hash_blocks>(make_hash_blocks, {.ledger = "blocks taken one by one"}),
        supports<fib>(make_fib_pool, {.variant = "pool", .ledger = fork_join_ledger_pool}),
        supports<nqueens>(make_nqueens_pool, {.variant = "pool", .ledger = fork_join_ledger_pool}),
        supports<skynet>(make_skynet_pool, {.variant = "pool", .ledger = fork_join_ledger_pool}),
        supports<matmul>(make_matmul_pool, {.variant = "pool", .ledger = fork_join_ledger_pool}),
        supports<sort>(make_sort_pool, {.variant = "pool", .ledger = fork_join_ledger_pool}),
        supports<fib>(make_fib_stealing,
                      {.variant = "stealing", .ledger = fork_join_ledger_stealing}),
        supports<nqueens>(make_nqueens_stealing,
                          {.variant = "stealing", .ledger = fork_join_ledger_stealing}),
        supports<skynet>(make_skynet_stealing,
                         {.variant = "stealing", .ledger = fork_join_ledger_stealing}),
        supports<matmul>(make_matmul_stealing,
                         {.variant = "stealing", .ledger = fork_join_ledger_stealing}),
        supports<sort>(make_sort_stealing,
                       {.variant = "stealing", .ledger = fork_join_ledger_stealing}),
        supports<file_read>(make_file_read,
                            {.allowance = allowance::one_per_unit,
                             .ledger = "threads=in_flight; pread; reads taken one by one; "
                                       "stack_bytes=65536 instead of 8 MiB"}),
        supports<query>(make_query,
                        {.allowance = allowance::one_per_unit,
                         .ledger = "threads=connections; libpq blocking, prepared statements"}),
        supports<contract::pipeline>(
            make_pipeline, {.allowance = allowance::one_per_unit,
                            .ledger = "threads=in_flight; blocking sockets; items taken one by "
                                      "one; stack_bytes=65536 instead of 8 MiB"}),
        supports<mixed>(make_mixed_per_connection,
                        {.variant = "per_connection",
                         .allowance = allowance::one_per_unit,
                         .ledger = "blocking sockets; TCP_NODELAY=on; stack_bytes=131072 instead "
                                   "of 8 MiB; remedy=none needed"}),
        supports<mixed>(make_mixed_pool,
                        {.variant = "pool",
                         .ledger = "epoll per worker, level-triggered, 256 events a wait; "
                                   "connections dealt in turn; TCP_NODELAY=on; remedy=one loop, "
                                   "and workers threads that burn"}),
        supports<spawn>(make_spawn,
                        {.allowance = allowance::one_per_unit,
                         .ledger = "threads=std::async, one per unit; most_units=20000"}),
        supports<contract::yield>(make_yield,
                                  {.allowance = allowance::one_per_unit,
                                   .ledger = "all on one CPU; units=2 only; sched_yield"}),
        supports<ping_pong>(make_ping_pong, {.allowance = allowance::one_per_unit,
                                             .ledger = "std::binary_semaphore"}),
        supports<channel>(make_channel,
                          {.allowance = allowance::one_per_unit,
                           .ledger = "std::deque, std::mutex, two std::condition_variable"}),
        supports<wakeup>(make_wakeup,
                         {.allowance = allowance::one_per_unit, .ledger = "std::binary_semaphore"}),
        supports<cancel>(make_cancel,
                         {.allowance = allowance::one_per_unit,
                          .ledger = "std::jthread, stop_token and condition_variable_any, one per "
                                    "unit; stack_bytes=65536 instead of 8 MiB; most_units=20000"}),
        supports<idle>(make_idle, {.allowance = allowance::one_per_unit,
                                   .ledger = "threads=one per unit; stack_bytes=8388608 reserved; "
                                             "most_units=20000"}),
        supports<startup>(make_startup, {.ledger = "threads=workers, a pool"}),
    };
    static model const thread{"thread", "std::thread: one per unit with blocking calls, or a pool",
                              "C++ standard library, POSIX threads", cells};
    return thread;
}
