// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace process;
    constexpr auto fork_join_ledger =
        "processes=workers, the caller included; fork=inside run, where a process is free";
    static std::array const cells{
        supports<fetch_data>(make_fetch_data, {.allowance = allowance::one_per_unit,
                                               .ledger = "fork=one per fetch, inside run"}),
        supports<waits>(make_waits_per_wait, {.variant = "per_wait",
                                              .allowance = allowance::one_per_unit,
                                              .ledger = "fork=one per wait, inside run; "
                                                        "most_children=4096; "
                                                        "timer slack=default (50 us)"}),
        supports<waits>(make_waits_pool,
                        {.variant = "pool",
                         .ledger = "pre-forked; one heap of deadlines per child, no sharing"}),
        supports<echo>(make_echo_per_connection,
                       {.variant = "per_connection",
                        .allowance = allowance::one_per_unit,
                        .ledger = "pre-forked=connections, most_children=4096; blocking sockets; "
                                  "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on; "
                                  "buffer_bytes=65536 a child"}),
        supports<echo>(
            make_echo_event,
            {.variant = "event",
             .ledger =
                 "pre-forked=workers; epoll per child, level-triggered, 256 "
                 "events a wait; a sole child accepts, else the parent, who passes the sockets in "
                 "turn (SCM_RIGHTS); TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<contract::pump>(
            make_pump_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; "
                       "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on; "
                       "buffer_bytes=65536 a child"}),
        supports<contract::pump>(
            make_pump_event,
            {.variant = "event",
             .ledger =
                 "pre-forked=workers; epoll per child, level-triggered, 256 "
                 "events a wait; a sole child accepts, else the parent, who passes the sockets in "
                 "turn (SCM_RIGHTS); TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<contract::accept>(
            make_accept_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; "
                       "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on; "
                       "buffer_bytes=65536 a child"}),
        supports<contract::accept>(
            make_accept_event,
            {.variant = "event",
             .ledger =
                 "pre-forked=workers; epoll per child, level-triggered, 256 "
                 "events a wait; a sole child accepts, else the parent, who passes the sockets in "
                 "turn (SCM_RIGHTS); TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<contract::held>(
            make_held_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; "
                       "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on; "
                       "buffer_bytes=65536 a child"}),
        supports<contract::held>(
            make_held_event,
            {.variant = "event",
             .ledger =
                 "pre-forked=workers; epoll per child, level-triggered, 256 "
                 "events a wait; a sole child accepts, else the parent, who passes the sockets in "
                 "turn (SCM_RIGHTS); TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<contract::delay>(
            make_delay_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; sleep_for; "
                       "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on"}),
        supports<contract::delay>(
            make_delay_event,
            {.variant = "event",
             .ledger = "pre-forked=workers; epoll per child, level-triggered, 256 events a wait, "
                       "epoll_pwait2; a heap of timers per child; a sole child accepts, else the "
                       "parent, who passes the sockets in turn (SCM_RIGHTS); TCP_NODELAY=on"}),
        supports<contract::gateway>(
            make_gateway_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; ppoll over "
                       "the backends; accept by EPOLLEXCLUSIVE; TCP_NODELAY=on"}),
        supports<contract::gateway>(
            make_gateway_event,
            {.variant = "event",
             .ledger = "pre-forked=workers; epoll per child, level-triggered, 256 events a wait, "
                       "epoll_pwait2; a heap of limits per child; a sole child accepts, else the "
                       "parent, who passes the sockets in turn (SCM_RIGHTS); connect=blocking; "
                       "TCP_NODELAY=on"}),
        supports<fetch>(make_fetch_per_connection,
                        {.variant = "per_connection",
                         .allowance = allowance::one_per_unit,
                         .ledger = "pre-forked=in_flight, most_children=4096; blocking sockets; "
                                   "TCP_NODELAY=on"}),
        supports<fetch>(make_fetch_event,
                        {.variant = "event",
                         .ledger = "pre-forked=workers; epoll per child, level-triggered, 256 "
                                   "events a wait; TCP_NODELAY=on"}),
        supports<http>(
            make_http_per_connection,
            {.variant = "per_connection",
             .allowance = allowance::one_per_unit,
             .ledger = "pre-forked=connections, most_children=4096; blocking sockets; accept by "
                       "EPOLLEXCLUSIVE; TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<http>(
            make_http_event,
            {.variant = "event",
             .ledger =
                 "pre-forked=workers; epoll per child, level-triggered, 256 "
                 "events a wait; a sole child accepts, else the parent, who passes the sockets in "
                 "turn (SCM_RIGHTS); TCP_NODELAY=on; buffer_bytes=65536 a child"}),
        supports<hash_blocks>(make_hash_blocks,
                              {.ledger = "pre-forked=workers; blocks taken one by one from an "
                                         "index in shared memory"}),
        supports<fib>(make_fib, {.ledger = fork_join_ledger}),
        supports<nqueens>(make_nqueens, {.ledger = fork_join_ledger}),
        supports<skynet>(make_skynet, {.ledger = fork_join_ledger}),
        supports<matmul>(make_matmul, {.ledger = fork_join_ledger}),
        supports<sort>(make_sort, {.ledger = fork_join_ledger}),
        supports<file_read>(make_file_read,
                            {.allowance = allowance::one_per_unit,
                             .ledger = "pre-forked=in_flight; pread; reads taken one by one from "
                                       "an index in shared memory"}),
        supports<query>(make_query,
                        {.allowance = allowance::one_per_unit,
                         .ledger = "pre-forked=connections; libpq blocking, prepared statements"}),
        supports<contract::pipeline>(
            make_pipeline, {.allowance = allowance::one_per_unit,
                            .ledger = "pre-forked=in_flight; blocking sockets; items taken one "
                                      "by one from an index in shared memory"}),
        supports<mixed>(make_mixed_per_connection,
                        {.variant = "per_connection",
                         .allowance = allowance::one_per_unit,
                         .ledger = "pre-forked=connections, most_children=4096; blocking sockets; "
                                   "accept by EPOLLEXCLUSIVE; TCP_NODELAY=on; "
                                   "remedy=none needed"}),
        supports<mixed>(make_mixed_event,
                        {.variant = "event",
                         .ledger = "pre-forked=workers; epoll per child, level-triggered, 256 "
                                   "events a wait; sockets passed in turn (SCM_RIGHTS); "
                                   "TCP_NODELAY=on; remedy=one loop in the parent, and workers "
                                   "children that burn"}),
        supports<spawn>(make_spawn,
                        {.allowance = allowance::one_per_unit,
                         .ledger = "fork=one per unit, inside run; most_children=4096"}),
        supports<contract::yield>(
            make_yield, {.allowance = allowance::one_per_unit,
                         .ledger = "pre-forked, all on one CPU; units=2 only; sched_yield"}),
        supports<ping_pong>(make_ping_pong, {.allowance = allowance::one_per_unit,
                                             .ledger = "pre-forked; sem_t in shared memory"}),
        supports<contract::channel>(
            make_channel, {.allowance = allowance::one_per_unit,
                           .ledger = "pre-forked; a ring and three sem_t in shared memory"}),
        supports<wakeup>(make_wakeup, {.allowance = allowance::one_per_unit,
                                       .ledger = "pre-forked; sem_t in shared memory"}),
        supports<contract::cancel>(
            make_cancel, {.allowance = allowance::one_per_unit,
                          .ledger = "fork=one per unit, inside run; SIGTERM, ppoll, waitpid; "
                                    "most_children=4096"}),
        supports<idle>(make_idle, {.allowance = allowance::one_per_unit,
                                   .ledger = "fork=one per unit, inside run; most_children=4096"}),
        supports<startup>(make_startup, {.ledger = "fork=workers, a pool"}),
    };
    static model const process{"process", "forked children, results over shared memory",
                               "fork(2), mmap(2), futex(2)", cells};
    return process;
}
