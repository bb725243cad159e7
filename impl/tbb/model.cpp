// SPDX-License-Identifier: MIT
#include "cells.hpp"

#include <array>
#include <oneapi/tbb/version.h>

contract::model const& the_model() noexcept {
    using namespace contract;
    using namespace tbb_model;
    constexpr auto waiting = "oneTBB schedules computation: a task that waits would hold a thread";
    constexpr auto sockets = "oneTBB schedules computation and has no sockets";
    constexpr auto ledger = "threads=workers, the caller included; task_group a node";
    static std::array const cells{
        declined("fetch_data", waiting),
        declined("waits", waiting),
        declined("echo", sockets),
        declined("pump", sockets),
        declined("accept", sockets),
        declined("held", sockets),
        declined("delay", sockets),
        declined("gateway", sockets),
        declined("fetch", sockets),
        declined("http", sockets),
        declined("file_read", waiting),
        declined("pipeline", sockets),
        declined("mixed", sockets),
        declined("query", sockets),
        supports<hash_blocks>(make_hash_blocks,
                              {.ledger = "parallel_reduce; partitioner=auto; threads=workers, the "
                                         "caller included"}),
        supports<fib>(make_fib, {.ledger = ledger}),
        supports<nqueens>(make_nqueens, {.ledger = ledger}),
        supports<skynet>(make_skynet, {.ledger = ledger}),
        supports<matmul>(make_matmul, {.ledger = ledger}),
        supports<contract::sort>(make_sort, {.ledger = ledger}),
        supports<spawn>(make_spawn,
                        {.ledger = "threads=workers, the caller included; one task_group"}),
        declined("yield", "a oneTBB task runs to its end: it has no way to give way"),
        declined("ping_pong", "a oneTBB task runs to its end: it must not wait for another"),
        declined("channel", "a oneTBB task must not wait for room or for an item"),
        declined("wakeup", "a oneTBB task that sleeps would hold a thread"),
        declined("cancel", "oneTBB cancels what has not started; a task that waits would hold a "
                           "thread, and a task_group's cancel does not reach into it"),
        declined("idle", waiting),
        supports<startup>(make_startup,
                          {.ledger = "threads=workers, the caller included; one task_group"}),
    };
    static model const tbb{"tbb", "work stealing by oneTBB: tasks that compute",
                           "oneTBB " TBB_VERSION_STRING, cells};
    return tbb;
}
