// SPDX-License-Identifier: MIT
#pragma once

// All of the library.
#include "coro/awaitable.hpp"
#include "coro/clock.hpp"
#include "coro/coroutine.hpp"
#include "coro/errors.hpp"
#include "coro/executor.hpp"
#include "coro/future.hpp"
#include "coro/gather.hpp"
#include "coro/handle.hpp"
#include "coro/io/descriptor.hpp"
#include "coro/io/socket.hpp"
#include "coro/loop.hpp"
#include "coro/outcome.hpp"
#include "coro/run.hpp"
#include "coro/sleep.hpp"
#include "coro/task.hpp"
