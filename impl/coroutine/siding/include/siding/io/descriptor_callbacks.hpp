// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace siding {

// loop.add_reader and its kin: callbacks of the running loop for descriptors that others read and
// write, such as those of a library of C. As in asyncio a callback is called in each turn in which
// the descriptor is ready, so it must take what there is, or be removed. It runs with the context
// variables of the caller of add_*; what it throws goes to the loop's exception handler, and it
// stays. A second one replaces the first. A descriptor that is watched so is not used with the
// awaitables of io/socket.hpp in the same direction; remove its callbacks before it is closed.
// Outside of a running loop they throw runtime_error. Source: CPython 3.13, loop.add_reader.

/// Calls `f()` when a read would not block: data, end of file, an error, or a connection.
void add_reader(int fd, std::function<void()> f);
/// False if there was none.
bool remove_reader(int fd);
/// Calls `f()` when a write would not block.
void add_writer(int fd, std::function<void()> f);
bool remove_writer(int fd);

} // namespace siding
