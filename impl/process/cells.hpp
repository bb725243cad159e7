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
#include "contract/workloads/file_read.hpp"
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

namespace process {

contract::maker<contract::fetch_data> make_fetch_data;
contract::maker<contract::waits> make_waits_pool;
contract::maker<contract::waits> make_waits_per_wait;
contract::maker<contract::echo> make_echo_event;
contract::maker<contract::pump> make_pump_event, make_pump_per_connection;
contract::maker<contract::accept> make_accept_event, make_accept_per_connection;
contract::maker<contract::held> make_held_event, make_held_per_connection;
contract::maker<contract::delay> make_delay_event, make_delay_per_connection;
contract::maker<contract::gateway> make_gateway_event, make_gateway_per_connection;
contract::maker<contract::echo> make_echo_per_connection;
contract::maker<contract::fetch> make_fetch_event;
contract::maker<contract::fetch> make_fetch_per_connection;
contract::maker<contract::http> make_http_per_connection;
contract::maker<contract::http> make_http_event;
contract::maker<contract::hash_blocks> make_hash_blocks;
contract::maker<contract::fib> make_fib;
contract::maker<contract::nqueens> make_nqueens;
contract::maker<contract::skynet> make_skynet;
contract::maker<contract::matmul> make_matmul;
contract::maker<contract::sort> make_sort;
contract::maker<contract::file_read> make_file_read;
contract::maker<contract::query> make_query;
contract::maker<contract::mixed> make_mixed_event, make_mixed_offload;
contract::maker<contract::mixed> make_mixed_per_connection;
contract::maker<contract::spawn> make_spawn;
contract::maker<contract::yield> make_yield;
contract::maker<contract::ping_pong> make_ping_pong;
contract::maker<contract::channel> make_channel;
contract::maker<contract::wakeup> make_wakeup;
contract::maker<contract::cancel> make_cancel;
contract::maker<contract::idle> make_idle;
contract::maker<contract::startup> make_startup;
contract::maker<contract::pipeline> make_pipeline;

} // namespace process
