// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workloads/accept.hpp"
#include "contract/workloads/cancel.hpp"
#include "contract/workloads/channel.hpp"
#include "contract/workloads/delay.hpp"
#include "contract/workloads/echo.hpp"
#include "contract/workloads/fetch.hpp"
#include "contract/workloads/fetch_data.hpp"
#include "contract/workloads/fib.hpp"
#include "contract/workloads/gateway.hpp"
#include "contract/workloads/hash_blocks.hpp"
#include "contract/workloads/held.hpp"
#include "contract/workloads/http.hpp"
#include "contract/workloads/idle.hpp"
#include "contract/workloads/matmul.hpp"
#include "contract/workloads/mixed.hpp"
#include "contract/workloads/nqueens.hpp"
#include "contract/workloads/ping_pong.hpp"
#include "contract/workloads/pipeline.hpp"
#include "contract/workloads/pump.hpp"
#include "contract/workloads/query.hpp"
#include "contract/workloads/skynet.hpp"
#include "contract/workloads/sort.hpp"
#include "contract/workloads/spawn.hpp"
#include "contract/workloads/startup.hpp"
#include "contract/workloads/waits.hpp"
#include "contract/workloads/wakeup.hpp"
#include "contract/workloads/yield.hpp"

namespace asio_model {

contract::maker<contract::fetch_data> make_fetch_data_callback, make_fetch_data_coroutine;
contract::maker<contract::waits> make_waits_callback, make_waits_coroutine;
contract::maker<contract::echo> make_echo_callback, make_echo_coroutine;
contract::maker<contract::pump> make_pump_callback, make_pump_coroutine;
contract::maker<contract::accept> make_accept_callback, make_accept_coroutine;
contract::maker<contract::held> make_held_callback, make_held_coroutine;
contract::maker<contract::delay> make_delay_callback, make_delay_coroutine;
contract::maker<contract::gateway> make_gateway_callback, make_gateway_coroutine;
contract::maker<contract::fetch> make_fetch_callback, make_fetch_coroutine;
contract::maker<contract::query> make_query_callback, make_query_coroutine;
contract::maker<contract::mixed> make_mixed_callback, make_mixed_coroutine;
contract::maker<contract::http> make_http_callback;
contract::maker<contract::http> make_http_coroutine;
contract::maker<contract::hash_blocks> make_hash_blocks;
contract::maker<contract::fib> make_fib;
contract::maker<contract::nqueens> make_nqueens;
contract::maker<contract::skynet> make_skynet;
contract::maker<contract::matmul> make_matmul;
contract::maker<contract::sort> make_sort;
contract::maker<contract::spawn> make_spawn_callback, make_spawn_coroutine;
contract::maker<contract::yield> make_yield_callback, make_yield_coroutine;
contract::maker<contract::ping_pong> make_ping_pong_callback, make_ping_pong_coroutine;
contract::maker<contract::channel> make_channel_callback, make_channel_coroutine;
contract::maker<contract::wakeup> make_wakeup_callback, make_wakeup_coroutine;
contract::maker<contract::cancel> make_cancel_callback, make_cancel_coroutine;
contract::maker<contract::idle> make_idle_callback, make_idle_coroutine;
contract::maker<contract::startup> make_startup_callback, make_startup_coroutine;
contract::maker<contract::pipeline> make_pipeline_callback, make_pipeline_coroutine;

// A loop a worker.
contract::maker<contract::echo> make_echo_loops;
contract::maker<contract::pump> make_pump_loops;
contract::maker<contract::accept> make_accept_loops;
contract::maker<contract::held> make_held_loops;
contract::maker<contract::http> make_http_loops;
contract::maker<contract::delay> make_delay_loops;
contract::maker<contract::gateway> make_gateway_loops;
contract::maker<contract::echo> make_echo_shared;
contract::maker<contract::pump> make_pump_shared;
contract::maker<contract::accept> make_accept_shared;
contract::maker<contract::held> make_held_shared;

contract::maker<contract::echo> make_echo_tuned;
contract::maker<contract::pump> make_pump_tuned;
contract::maker<contract::accept> make_accept_tuned;
contract::maker<contract::held> make_held_tuned;

} // namespace asio_model
