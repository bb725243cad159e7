// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace coroutine_model;
    static std::array const cells{
        supports<fetch_data>(make_fetch_data_sequential, {.variant = "sequential"}),
        supports<fetch_data>(make_fetch_data_tasks, {.variant = "tasks"}),
        supports<waits>(make_waits_epoll, {.variant = "epoll"}),
        supports<echo>(make_echo_epoll,
                       {.variant = "epoll",
                        .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                  "once; buffer_bytes=16384 a connection"}),
        supports<fetch>(make_fetch_epoll,
                        {.variant = "epoll",
                         .ledger = "threads=1; TCP_NODELAY=on; epoll=edge-triggered, registered "
                                   "once"}),
        supports<hash_blocks>(make_hash_blocks, {.ledger = "threads=1, whatever workers is"}),
    };
    static model const coroutine{"coroutine", "C++20 coroutines on one loop, with asyncio's words",
                                 "coro 0.1, this project's", cells};
    return coroutine;
}
