// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workloads/accept.hpp"
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
#include "contract/workloads/matmul.hpp"
#include "contract/workloads/mixed.hpp"
#include "contract/workloads/nqueens.hpp"
#include "contract/workloads/pipeline.hpp"
#include "contract/workloads/pump.hpp"
#include "contract/workloads/query.hpp"
#include "contract/workloads/skynet.hpp"
#include "contract/workloads/sort.hpp"
#include "contract/workloads/startup.hpp"

namespace serial {

contract::maker<contract::fetch_data> make_fetch_data;
contract::maker<contract::echo> make_echo;
contract::maker<contract::pump> make_pump;
contract::maker<contract::accept> make_accept;
contract::maker<contract::held> make_held;
contract::maker<contract::delay> make_delay;
contract::maker<contract::gateway> make_gateway;
contract::maker<contract::fetch> make_fetch;
contract::maker<contract::http> make_http;
contract::maker<contract::hash_blocks> make_hash_blocks;
contract::maker<contract::fib> make_fib;
contract::maker<contract::nqueens> make_nqueens;
contract::maker<contract::skynet> make_skynet;
contract::maker<contract::matmul> make_matmul;
contract::maker<contract::sort> make_sort;
contract::maker<contract::file_read> make_file_read;
contract::maker<contract::query> make_query;
contract::maker<contract::mixed> make_mixed;
contract::maker<contract::startup> make_startup;
contract::maker<contract::pipeline> make_pipeline;

} // namespace serial
