// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>
#include <boost/version.hpp>
#include <string>

contract::model const& the_model() noexcept {
    using namespace contract;
    constexpr auto fork_join_ledger = "threads=workers, the caller included; scheduler=own, newest "
                                      "first of all threads; stack_bytes=65536";
    constexpr auto loops_ledger =
        "threads=workers, a loop and a listening socket each (SO_REUSEPORT), not pinned; "
        "TCP_NODELAY=on; scheduler=own, on epoll_pwait2; epoll=edge-triggered, registered once; "
        "pooled stacks";
    static std::array const cells{
        supports<fetch_data>(
            fiber::make_fetch_data,
            {.ledger = "scheduler=own, on epoll_pwait2; stack_bytes=16384, pooled"}),
        supports<waits>(fiber::make_waits,
                        {.ledger = "scheduler=own, on epoll_pwait2; stack_bytes=16384, pooled, "
                                   "without guard pages"}),
        supports<echo>(fiber::make_echo,
                       {.ledger = "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; "
                                  "epoll=edge-triggered, registered once; stack_bytes=81920, "
                                  "pooled; buffer_bytes=65536, on the stack"}),
        supports<contract::pump>(fiber::make_pump,
                                 {.ledger =
                                      "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; "
                                      "epoll=edge-triggered, registered once; stack_bytes=81920, "
                                      "pooled; buffer_bytes=65536, on the stack"}),
        supports<contract::accept>(
            fiber::make_accept,
            {.ledger = "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; "
                       "epoll=edge-triggered, registered once; stack_bytes=81920, "
                       "pooled; buffer_bytes=65536, on the stack"}),
        supports<contract::held>(fiber::make_held,
                                 {.ledger =
                                      "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; "
                                      "epoll=edge-triggered, registered once; stack_bytes=81920, "
                                      "pooled; buffer_bytes=65536, on the stack"}),
        supports<contract::delay>(
            fiber::make_delay,
            {.ledger = "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; sleep_for; "
                       "epoll=edge-triggered, registered once; stack_bytes=16384, pooled"}),
        supports<contract::gateway>(
            fiber::make_gateway,
            {.ledger = "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; a fiber a "
                       "backend; condition_variable; connect=blocking; epoll=edge-triggered, "
                       "registered once; stack_bytes=16384, pooled"}),
        supports<fetch>(fiber::make_fetch,
                        {.ledger = "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; "
                                   "epoll=edge-triggered, registered once; stack_bytes=16384, "
                                   "pooled"}),
        supports<http>(
            fiber::make_http,
            {.ledger =
                 "threads=1; TCP_NODELAY=on; scheduler=own, on epoll_pwait2; epoll=edge-triggered, "
                 "registered once; stack_bytes=81920, pooled; buffer_bytes=65536, on the stack"}),
        supports<hash_blocks>(fiber::make_hash_blocks_one_thread,
                              {.ledger = "threads=1; fibers=64; stack_bytes=16384, pooled"}),
        supports<hash_blocks>(fiber::make_hash_blocks_work_sharing,
                              {.variant = "work_sharing",
                               .ledger = "threads=workers, the caller included; fibers=8 a worker; "
                                         "scheduler=shared_work(suspend); stack_bytes=65536"}),
        supports<fib>(fiber::make_fib, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<nqueens>(fiber::make_nqueens, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<skynet>(fiber::make_skynet, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<matmul>(fiber::make_matmul, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<sort>(fiber::make_sort, {.style = style::tuned, .ledger = fork_join_ledger}),
        supports<file_read>(fiber::make_file_read,
                            {.allowance = allowance::one_per_unit,
                             .ledger =
                                 "threads=1 + in_flight; preadv2(RWF_NOWAIT), else pread in a "
                                 "boost::fibers::packaged_task; stack_bytes=16384, pooled"}),
        supports<query>(
            fiber::make_query,
            {.ledger = "threads=1; libpq non-blocking, prepared statements; epoll=edge-triggered, "
                       "registered once; stack_bytes=65536, pooled"}),
        supports<contract::pipeline>(
            fiber::make_pipeline,
            {.ledger = "threads=1 + workers, boost::fibers::packaged_task; TCP_NODELAY=on; "
                       "epoll=edge-triggered, registered once; stack_bytes=16384, pooled"}),
        supports<mixed>(fiber::make_mixed,
                        {.ledger = "threads=1, with offload 1 + workers; TCP_NODELAY=on; "
                                   "scheduler=own, on epoll_pwait2; epoll=edge-triggered, "
                                   "registered once; stack_bytes=16384, pooled; "
                                   "remedy=a thread pool and boost::fibers::packaged_task"}),
        supports<spawn>(fiber::make_spawn,
                        {.ledger = "threads=1; boost::fibers::async, launch=post; scheduler=own, "
                                   "on epoll_pwait2; stack_bytes=16384, pooled"}),
        supports<yield>(
            fiber::make_yield,
            {.ledger = "threads=1; scheduler=own, on epoll_pwait2; stack_bytes=16384, pooled"}),
        supports<ping_pong>(
            fiber::make_ping_pong,
            {.allowance = allowance::one_per_unit,
             .ledger =
                 "unbuffered_channel; cpus=2: two threads, a scheduler each; stack_bytes=16384"}),
        supports<channel>(
            fiber::make_channel,
            {.ledger =
                 "threads=1; buffered_channel, largest power of two below capacity + 2, less one"}),
        supports<wakeup>(
            fiber::make_wakeup,
            {.allowance = allowance::one_per_unit,
             .ledger = "buffered_channel across threads; scheduler=own, on epoll_pwait2"}),
        supports<cancel>(fiber::make_cancel,
                         {.ledger = "threads=1; condition_variable and a flag a fiber; "
                                    "scheduler=own; stack_bytes=16384, pooled"}),
        supports<idle>(fiber::make_idle,
                       {.ledger = "threads=1; stack_bytes=16384, pooled, no guard page"}),
        supports<startup>(fiber::make_startup,
                          {.ledger = "threads=1; scheduler=own, on epoll_pwait2; a fiber"}),
        supports<contract::echo>(fiber::make_echo_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::pump>(fiber::make_pump_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::accept>(fiber::make_accept_loops,
                                   {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::held>(fiber::make_held_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::http>(fiber::make_http_loops,
                                 {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::delay>(fiber::make_delay_loops,
                                  {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::gateway>(fiber::make_gateway_loops,
                                    {.variant = "loops", .ledger = loops_ledger}),
    };
    static std::string const library = "Boost.Fiber " + std::to_string(BOOST_VERSION / 100'000) +
                                       "." + std::to_string(BOOST_VERSION / 100 % 1'000);
    static model const fiber{"fiber", "many stacks on one thread: code that looks as if it blocked",
                             library, cells};
    return fiber;
}
