// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workloads/fib.hpp"
#include "contract/workloads/hash_blocks.hpp"
#include "contract/workloads/matmul.hpp"
#include "contract/workloads/nqueens.hpp"
#include "contract/workloads/skynet.hpp"
#include "contract/workloads/sort.hpp"
#include "contract/workloads/spawn.hpp"
#include "contract/workloads/startup.hpp"

// Not `tbb`: the library has that name.
namespace tbb_model {

contract::maker<contract::hash_blocks> make_hash_blocks;
contract::maker<contract::fib> make_fib;
contract::maker<contract::nqueens> make_nqueens;
contract::maker<contract::skynet> make_skynet;
contract::maker<contract::matmul> make_matmul;
contract::maker<contract::sort> make_sort;
contract::maker<contract::spawn> make_spawn;
contract::maker<contract::startup> make_startup;

} // namespace tbb_model
