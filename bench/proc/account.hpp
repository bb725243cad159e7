// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cstdint>
#include <optional>
#include <sys/resource.h>
#include <sys/types.h>

/// What a process says of itself. The kernel shows outsiders the context switches of living threads
/// only; those of ended threads and of children that were waited for it tells the process itself.
/// So a server accounts for itself, on paper that it shares with the load generator, when a signal
/// asks for it: at the edges of the measured window, and never inside it.
namespace proc {

/// What a process has used so far.
struct account {
    rusage self;     ///< with its ended threads
    rusage children; ///< that it has waited for, and theirs
};

[[nodiscard]] account own_account() noexcept;

struct account_page;

/// The side that answers: while alive, this process does so. Only one at a time. The signal goes to
/// the main thread, whose system calls are restarted where the kernel can; `epoll_wait`, `poll` and
/// the like return EINTR.
class account_giver {
public:
    /// Without a descriptor or a page to share, it never answers.
    account_giver();
    account_giver(account_giver const&) = delete;
    account_giver& operator=(account_giver const&) = delete;
    ~account_giver();

    /// To be inherited by who asks; -1 if there is none.
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

private:
    unique_fd file_;
    account_page* page_ = nullptr;
};

/// The side that asks.
class account_asker {
public:
    /// `fd`: of the giver, which is the process `server`. Throws std::system_error.
    account_asker(int fd, pid_t server);
    account_asker(account_asker const&) = delete;
    account_asker& operator=(account_asker const&) = delete;
    ~account_asker();

    /// Nothing if the process does not answer within a second.
    [[nodiscard]] std::optional<account> ask() const noexcept;

private:
    account_page* page_;
    pid_t server_;
};

} // namespace proc
