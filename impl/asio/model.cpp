// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>
#include <boost/version.hpp>
#include <string>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace asio_model;
    constexpr auto server_ledger =
        "threads=1, concurrency hint 1; TCP_NODELAY=on; epoll=edge-triggered, registered once; "
        "buffer_bytes=16384 a connection";
    constexpr auto stream_ledger =
        "threads=1, concurrency hint 1; TCP_NODELAY=on; epoll=edge-triggered, registered once; "
        "buffer_bytes=65536 a connection";
    constexpr auto client_ledger = "threads=1, concurrency hint 1; TCP_NODELAY=on";
    constexpr auto query_ledger = "threads=1, concurrency hint 1; libpq non-blocking, prepared "
                                  "statements; posix::stream_descriptor, async_wait";
    constexpr auto pipeline_ledger = "threads=1 + workers, thread_pool; TCP_NODELAY=on";
    constexpr auto mixed_ledger =
        "threads=1, concurrency hint 1; remedy=asio::thread_pool of workers threads; "
        "TCP_NODELAY=on; epoll=edge-triggered, registered once";
    constexpr auto delay_ledger = "threads=1, concurrency hint 1; a steady_timer a connection; "
                                  "TCP_NODELAY=on; epoll=edge-triggered, registered once";
    constexpr auto fork_join_ledger =
        "asio::thread_pool of workers threads; a handler a node, oldest first";
    constexpr auto loops_ledger =
        "threads=workers, a loop and a listening socket each (SO_REUSEPORT), not pinned; "
        "callbacks; concurrency hint 1; TCP_NODELAY=on; epoll=edge-triggered, registered once";
    constexpr auto shared_ledger = "threads=workers, one io_context for all; callbacks; "
                                   "TCP_NODELAY=on; epoll=edge-triggered, registered once";
    constexpr auto tuned_ledger =
        "threads=1, concurrency hint UNSAFE: no locks; executors of a concrete type; "
        "write=write_some, then async_write; TCP_NODELAY=on; epoll=edge-triggered, registered "
        "once";
    static std::array const cells{
        supports<fetch_data>(make_fetch_data_callback, {.variant = "callback"}),
        supports<fetch_data>(make_fetch_data_coroutine, {.variant = "coroutine"}),
        supports<waits>(make_waits_callback, {.variant = "callback"}),
        supports<waits>(make_waits_coroutine, {.variant = "coroutine"}),
        supports<echo>(make_echo_callback, {.variant = "callback", .ledger = server_ledger}),
        supports<echo>(make_echo_coroutine, {.variant = "coroutine", .ledger = server_ledger}),
        supports<contract::pump>(make_pump_callback,
                                 {.variant = "callback", .ledger = stream_ledger}),
        supports<contract::pump>(make_pump_coroutine,
                                 {.variant = "coroutine", .ledger = stream_ledger}),
        supports<contract::accept>(make_accept_callback,
                                   {.variant = "callback", .ledger = server_ledger}),
        supports<contract::accept>(make_accept_coroutine,
                                   {.variant = "coroutine", .ledger = server_ledger}),
        supports<contract::held>(make_held_callback,
                                 {.variant = "callback", .ledger = server_ledger}),
        supports<contract::held>(make_held_coroutine,
                                 {.variant = "coroutine", .ledger = server_ledger}),
        supports<contract::delay>(make_delay_callback,
                                  {.variant = "callback", .ledger = delay_ledger}),
        supports<contract::delay>(make_delay_coroutine,
                                  {.variant = "coroutine", .ledger = delay_ledger}),
        supports<contract::gateway>(make_gateway_callback,
                                    {.variant = "callback", .ledger = delay_ledger}),
        supports<contract::gateway>(make_gateway_coroutine,
                                    {.variant = "coroutine", .ledger = delay_ledger}),
        supports<fetch>(make_fetch_callback, {.variant = "callback", .ledger = client_ledger}),
        supports<fetch>(make_fetch_coroutine, {.variant = "coroutine", .ledger = client_ledger}),
        declined("file_read",
                 "Boost.Asio has no regular files before 1.78 (random_access_file); pread "
                 "on its thread_pool would be the model thread once more"),
        supports<query>(make_query_callback, {.variant = "callback", .ledger = query_ledger}),
        supports<query>(make_query_coroutine, {.variant = "coroutine", .ledger = query_ledger}),
        supports<contract::pipeline>(make_pipeline_callback,
                                     {.variant = "callback", .ledger = pipeline_ledger}),
        supports<contract::pipeline>(make_pipeline_coroutine,
                                     {.variant = "coroutine", .ledger = pipeline_ledger}),
        supports<mixed>(make_mixed_callback, {.variant = "callback", .ledger = mixed_ledger}),
        supports<mixed>(make_mixed_coroutine, {.variant = "coroutine", .ledger = mixed_ledger}),
        supports<http>(make_http_callback, {.variant = "callback", .ledger = server_ledger}),
        supports<http>(make_http_coroutine, {.variant = "coroutine", .ledger = server_ledger}),
        supports<hash_blocks>(make_hash_blocks, {.ledger = "asio::thread_pool of workers threads"}),
        supports<fib>(make_fib, {.ledger = fork_join_ledger}),
        supports<nqueens>(make_nqueens, {.ledger = fork_join_ledger}),
        supports<skynet>(make_skynet, {.ledger = fork_join_ledger}),
        supports<matmul>(make_matmul, {.ledger = fork_join_ledger}),
        supports<sort>(make_sort, {.ledger = fork_join_ledger}),
        supports<spawn>(make_spawn_callback,
                        {.variant = "callback", .ledger = "threads=1, concurrency hint 1; post"}),
        supports<spawn>(
            make_spawn_coroutine,
            {.variant = "coroutine", .ledger = "threads=1, concurrency hint 1; co_spawn"}),
        supports<yield>(make_yield_callback,
                        {.variant = "callback", .ledger = "threads=1, concurrency hint 1; post"}),
        supports<yield>(make_yield_coroutine,
                        {.variant = "coroutine", .ledger = "threads=1, concurrency hint 1; post"}),
        supports<ping_pong>(make_ping_pong_callback,
                            {.variant = "callback",
                             .allowance = allowance::one_per_unit,
                             .ledger = "post; cpus=2: two contexts in two threads"}),
        supports<ping_pong>(
            make_ping_pong_coroutine,
            {.variant = "coroutine",
             .allowance = allowance::one_per_unit,
             .ledger = "a timer as event; cpus=2: two contexts in two threads, post"}),
        supports<channel>(make_channel_callback,
                          {.variant = "callback", .ledger = "threads=1; a deque; post"}),
        supports<channel>(
            make_channel_coroutine,
            {.variant = "coroutine", .ledger = "threads=1; a deque; timers as events"}),
        supports<wakeup>(make_wakeup_callback, {.variant = "callback",
                                                .allowance = allowance::one_per_unit,
                                                .ledger = "post from another thread"}),
        supports<wakeup>(make_wakeup_coroutine,
                         {.variant = "coroutine",
                          .allowance = allowance::one_per_unit,
                          .ledger = "post from another thread; a timer as event"}),
        supports<cancel>(make_cancel_callback,
                         {.variant = "callback",
                          .ledger = "threads=1, concurrency hint 1; steady_timer::cancel"}),
        supports<cancel>(make_cancel_coroutine,
                         {.variant = "coroutine",
                          .ledger = "threads=1, concurrency hint 1; steady_timer::cancel; "
                                    "redirect_error, no exception"}),
        supports<idle>(make_idle_callback,
                       {.variant = "callback",
                        .ledger = "threads=1, concurrency hint 1; one steady_timer for all"}),
        supports<idle>(make_idle_coroutine,
                       {.variant = "coroutine",
                        .ledger = "threads=1, concurrency hint 1; one steady_timer for all"}),
        supports<startup>(make_startup_callback,
                          {.variant = "callback", .ledger = "threads=1, concurrency hint 1; post"}),
        supports<startup>(
            make_startup_coroutine,
            {.variant = "coroutine", .ledger = "threads=1, concurrency hint 1; co_spawn"}),
        supports<contract::echo>(make_echo_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::pump>(make_pump_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::accept>(make_accept_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::held>(make_held_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::http>(make_http_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::delay>(make_delay_loops, {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::gateway>(make_gateway_loops,
                                    {.variant = "loops", .ledger = loops_ledger}),
        supports<contract::echo>(make_echo_shared, {.variant = "shared", .ledger = shared_ledger}),
        supports<contract::pump>(make_pump_shared, {.variant = "shared", .ledger = shared_ledger}),
        supports<contract::accept>(make_accept_shared,
                                   {.variant = "shared", .ledger = shared_ledger}),
        supports<contract::held>(make_held_shared, {.variant = "shared", .ledger = shared_ledger}),
        supports<contract::echo>(
            make_echo_tuned, {.variant = "tuned", .style = style::tuned, .ledger = tuned_ledger}),
        supports<contract::pump>(
            make_pump_tuned, {.variant = "tuned", .style = style::tuned, .ledger = tuned_ledger}),
        supports<contract::accept>(
            make_accept_tuned, {.variant = "tuned", .style = style::tuned, .ledger = tuned_ledger}),
        supports<contract::held>(
            make_held_tuned, {.variant = "tuned", .style = style::tuned, .ledger = tuned_ledger}),
    };
    static std::string const library = "Boost.Asio " + std::to_string(BOOST_VERSION / 100'000) +
                                       "." + std::to_string(BOOST_VERSION / 100 % 1'000);
    static model const asio{"asio",
                            "Boost.Asio: completion handlers, or its coroutines, on one io_context",
                            library, cells};
    return asio;
}
