// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/fork_join/fib.hpp"
#include "kernel/fork_join/matmul.hpp"
#include "kernel/fork_join/nqueens.hpp"
#include "kernel/fork_join/skynet.hpp"
#include "kernel/fork_join/sort.hpp"
#include "kernel/fork_join/tree.hpp"
