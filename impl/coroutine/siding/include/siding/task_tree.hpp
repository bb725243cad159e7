// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

namespace siding {

// Who awaits whom. As asyncio 3.14's call graphs (`python -m asyncio pstree PID`), for programs of
// this library: each task that is not done with its name, its state, what it waits for, and its
// coroutines from the innermost outwards; below each task those that it awaits.
//
//     loop 0x7ffd1c0a: 3 tasks
//     main waits for a gather of 2: gather_all <- main_task()
//       Task-2 waits in sleep, 0.9 s left: fetch(int)
//       Task-3 waits in recv of descriptor 5: receive(int) <- fetch(int)
//
// Nothing is kept for it while the program runs: the tree is read out of the memory of the process,
// and the names out of its ELF file, which therefore must not be stripped (addresses otherwise).

/// Of all loops of this process. Another thread's loop goes on meanwhile, so what it does just then
/// may be missing or twice, and that is said. Throws std::system_error if /proc is not there.
[[nodiscard]] std::string task_tree();

/// Of another process, which runs on and notices nothing, even if its loop is stuck. Needs the
/// right to trace it (ptrace(2), "Ptrace access mode checking"): std::system_error without, and
/// ESRCH if there is no such process; runtime_error if it is no program of this library. The tool
/// `siding-tasks PID` prints this.
[[nodiscard]] std::string task_tree_of(pid_t process);

/// Writes task_tree() to the descriptor, standard error by default, each time the signal comes to
/// the process and the running loop gets to it. loop::remove_signal_handler takes it back. Throws
/// as loop::add_signal_handler.
void print_tasks_on_signal(int number, int fd = 2);

} // namespace siding
