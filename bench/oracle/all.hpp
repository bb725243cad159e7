// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/accept.hpp"
#include "contract/workloads/cancel.hpp"
#include "contract/workloads/channel.hpp"
#include "contract/workloads/echo.hpp"
#include "contract/workloads/fetch.hpp"
#include "contract/workloads/fetch_data.hpp"
#include "contract/workloads/fib.hpp"
#include "contract/workloads/file_read.hpp"
#include "contract/workloads/hash_blocks.hpp"
#include "contract/workloads/http.hpp"
#include "contract/workloads/idle.hpp"
#include "contract/workloads/matmul.hpp"
#include "contract/workloads/mixed.hpp"
#include "contract/workloads/noop.hpp"
#include "contract/workloads/nqueens.hpp"
#include "contract/workloads/ping_pong.hpp"
#include "contract/workloads/pipeline.hpp"
#include "contract/workloads/pump.hpp"
#include "contract/workloads/query.hpp"
#include "contract/workloads/skynet.hpp"
#include "contract/workloads/sort.hpp"
#include "contract/workloads/spawn.hpp"
#include "contract/workloads/spin.hpp"
#include "contract/workloads/startup.hpp"
#include "contract/workloads/waits.hpp"
#include "contract/workloads/wakeup.hpp"
#include "contract/workloads/yield.hpp"
#include "oracle/rules.hpp"

#include <type_traits>

namespace oracle {

template <class... Ws>
struct workload_list {
    /// Calls `visit(std::type_identity<W>())` for each workload, in order.
    template <class Visit>
    static void for_each(Visit&& visit) {
        (visit(std::type_identity<Ws>()), ...);
    }
};

/// Every workload of the suite: the only list of them.
using all_workloads =
    workload_list<contract::fetch_data, contract::waits, contract::echo, contract::fetch,
                  contract::http, contract::pump, contract::accept, contract::file_read,
                  contract::hash_blocks, contract::fib, contract::nqueens, contract::skynet,
                  contract::matmul, contract::sort, contract::mixed, contract::pipeline,
                  contract::query, contract::spawn, contract::yield, contract::ping_pong,
                  contract::channel, contract::wakeup, contract::cancel, contract::idle,
                  contract::startup, contract::noop, contract::spin>;

[[nodiscard]] rules<contract::fetch_data> const& rules_of(std::type_identity<contract::fetch_data>);
[[nodiscard]] rules<contract::waits> const& rules_of(std::type_identity<contract::waits>);
[[nodiscard]] rules<contract::echo> const& rules_of(std::type_identity<contract::echo>);
[[nodiscard]] rules<contract::http> const& rules_of(std::type_identity<contract::http>);
[[nodiscard]] rules<contract::pump> const& rules_of(std::type_identity<contract::pump>);
[[nodiscard]] rules<contract::accept> const& rules_of(std::type_identity<contract::accept>);
[[nodiscard]] rules<contract::fetch> const& rules_of(std::type_identity<contract::fetch>);
[[nodiscard]] rules<contract::file_read> const& rules_of(std::type_identity<contract::file_read>);
[[nodiscard]] rules<contract::hash_blocks> const&
    rules_of(std::type_identity<contract::hash_blocks>);
[[nodiscard]] rules<contract::fib> const& rules_of(std::type_identity<contract::fib>);
[[nodiscard]] rules<contract::nqueens> const& rules_of(std::type_identity<contract::nqueens>);
[[nodiscard]] rules<contract::skynet> const& rules_of(std::type_identity<contract::skynet>);
[[nodiscard]] rules<contract::matmul> const& rules_of(std::type_identity<contract::matmul>);
[[nodiscard]] rules<contract::sort> const& rules_of(std::type_identity<contract::sort>);
[[nodiscard]] rules<contract::mixed> const& rules_of(std::type_identity<contract::mixed>);
[[nodiscard]] rules<contract::pipeline> const& rules_of(std::type_identity<contract::pipeline>);
[[nodiscard]] rules<contract::spawn> const& rules_of(std::type_identity<contract::spawn>);
[[nodiscard]] rules<contract::yield> const& rules_of(std::type_identity<contract::yield>);
[[nodiscard]] rules<contract::ping_pong> const& rules_of(std::type_identity<contract::ping_pong>);
[[nodiscard]] rules<contract::channel> const& rules_of(std::type_identity<contract::channel>);
[[nodiscard]] rules<contract::wakeup> const& rules_of(std::type_identity<contract::wakeup>);
[[nodiscard]] rules<contract::cancel> const& rules_of(std::type_identity<contract::cancel>);
[[nodiscard]] rules<contract::idle> const& rules_of(std::type_identity<contract::idle>);
[[nodiscard]] rules<contract::startup> const& rules_of(std::type_identity<contract::startup>);
[[nodiscard]] rules<contract::noop> const& rules_of(std::type_identity<contract::noop>);
[[nodiscard]] rules<contract::query> const& rules_of(std::type_identity<contract::query>);
[[nodiscard]] rules<contract::spin> const& rules_of(std::type_identity<contract::spin>);

template <class W>
[[nodiscard]] rules<W> const& rules_for() {
    return rules_of(std::type_identity<W>());
}

} // namespace oracle
