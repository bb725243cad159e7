// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>
#include <string>
#include <uv.h>

contract::model const& the_model() noexcept {
    using namespace contract;
    constexpr auto fork_join_ledger =
        "UV_THREADPOOL_SIZE=workers; queued=16 leaves a worker; the loop walks the tree";
    constexpr auto loops_ledger =
        "threads=workers, a loop and a listening socket each (SO_REUSEPORT), not pinned; "
        "TCP_NODELAY=on; write=uv_try_write; SIGPIPE=ignored";
    static std::array const cells{
        supports<fetch_data>(callback::make_fetch_data,
                             {.ledger = "timer=uv_timer, whole milliseconds, rounded up"}),
        supports<waits>(callback::make_waits,
                        {.ledger = "timer=uv_timer, whole milliseconds, rounded up"}),
        supports<echo>(callback::make_echo,
                       {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                                  "buffer_bytes=65536, one for all; SIGPIPE=ignored"}),
        supports<contract::pump>(
            callback::make_pump,
            {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                       "buffer_bytes=65536, one for all; SIGPIPE=ignored"}),
        supports<contract::accept>(
            callback::make_accept,
            {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                       "buffer_bytes=65536, one for all; SIGPIPE=ignored"}),
        supports<contract::held>(
            callback::make_held,
            {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                       "buffer_bytes=65536, one for all; SIGPIPE=ignored"}),
        supports<contract::delay>(
            callback::make_delay,
            {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write; a uv_timer a connection, "
                       "in whole milliseconds, rounded up; SIGPIPE=ignored"}),
        supports<contract::gateway>(
            callback::make_gateway,
            {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write; a uv_timer a connection, "
                       "in whole milliseconds, rounded up; SIGPIPE=ignored"}),
        supports<fetch>(callback::make_fetch,
                        {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                                   "SIGPIPE=ignored"}),
        supports<http>(callback::make_http,
                       {.ledger = "threads=1; TCP_NODELAY=on; write=uv_try_write, then uv_write; "
                                  "buffer_bytes=65536, one for all; SIGPIPE=ignored"}),
        supports<hash_blocks>(callback::make_hash_blocks_on_pool,
                              {.ledger = "UV_THREADPOOL_SIZE=workers; queued=16 a worker"}),
        supports<hash_blocks>(callback::make_hash_blocks_on_loop,
                              {.variant = "loop", .ledger = "threads=1; uv_idle, a block a turn"}),
        supports<fib>(callback::make_fib, {.ledger = fork_join_ledger}),
        supports<nqueens>(callback::make_nqueens, {.ledger = fork_join_ledger}),
        supports<skynet>(callback::make_skynet, {.ledger = fork_join_ledger}),
        supports<matmul>(callback::make_matmul, {.ledger = fork_join_ledger}),
        supports<sort>(callback::make_sort, {.ledger = fork_join_ledger}),
        supports<file_read>(callback::make_file_read,
                            {.allowance = allowance::one_per_unit,
                             .ledger = "uv_fs_read; UV_THREADPOOL_SIZE=in_flight"}),
        supports<query>(callback::make_query,
                        {.ledger = "threads=1; libpq non-blocking, prepared statements; uv_poll"}),
        supports<contract::pipeline>(
            callback::make_pipeline,
            {.ledger = "threads=1 + workers, uv_queue_work; TCP_NODELAY=on"}),
        supports<mixed>(callback::make_mixed,
                        {.ledger = "threads=1, with offload 1 + workers; TCP_NODELAY=on; "
                                   "write=uv_try_write; SIGPIPE=ignored; remedy=uv_queue_work; "
                                   "UV_THREADPOOL_SIZE=workers"}),
        supports<spawn>(callback::make_spawn_loop,
                        {.variant = "loop", .ledger = "threads=1; a uv_idle_t a unit"}),
        supports<spawn>(
            callback::make_spawn_pool,
            {.variant = "pool", .ledger = "threads=workers; a hop to the pool and back a unit"}),
        supports<yield>(callback::make_yield,
                        {.ledger = "threads=1; uv_idle, a call a turn of the loop"}),
        supports<ping_pong>(callback::make_ping_pong,
                            {.allowance = allowance::one_per_unit,
                             .ledger = "uv_async_send; cpus=2: two loops in two threads"}),
        supports<channel>(callback::make_channel,
                          {.ledger = "threads=1; a deque; uv_idle, stopped while it would wait"}),
        supports<wakeup>(callback::make_wakeup,
                         {.allowance = allowance::one_per_unit, .ledger = "uv_async_send"}),
        supports<cancel>(callback::make_cancel, {.ledger = "threads=1; uv_close of a uv_timer"}),
        supports<idle>(callback::make_idle,
                       {.ledger = "threads=1; an object with a uv_timer a unit"}),
        supports<startup>(callback::make_startup,
                          {.ledger = "uv_queue_work; UV_THREADPOOL_SIZE=workers"}),
        supports<contract::echo>(callback::make_echo_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::pump>(callback::make_pump_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::accept>(callback::make_accept_loops,
                                   {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::held>(callback::make_held_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::http>(callback::make_http_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::delay>(callback::make_delay_loops,
                                  {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::gateway>(callback::make_gateway_loops,
                                    {.variant = "loops", .ledger = loops_ledger}),
    };
    static std::string const library = std::string("libuv ") + uv_version_string();
    static model const callback{"callback", "one event loop that calls back when something is due",
                                library, cells};
    return callback;
}
