// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workloads/echo.hpp"
#include "contract/workloads/fetch.hpp"
#include "contract/workloads/fetch_data.hpp"
#include "contract/workloads/hash_blocks.hpp"
#include "contract/workloads/waits.hpp"

namespace coroutine_model {

contract::maker<contract::fetch_data> make_fetch_data_sequential, make_fetch_data_tasks;
contract::maker<contract::waits> make_waits_epoll;
contract::maker<contract::echo> make_echo_epoll;
contract::maker<contract::fetch> make_fetch_epoll;
contract::maker<contract::hash_blocks> make_hash_blocks;

} // namespace coroutine_model
