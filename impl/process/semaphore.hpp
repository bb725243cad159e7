// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <cerrno>
#include <semaphore.h>

namespace process {

/// sem_init(3) with pshared: for a shared_array, so that processes wait for each other. What a
/// child did before `post` is seen after `wait`.
class semaphore {
public:
    explicit semaphore(unsigned value = 0) {
        checked(::sem_init(&semaphore_, 1, value), "sem_init");
    }
    semaphore(semaphore const&) = delete;
    semaphore& operator=(semaphore const&) = delete;

    void restart(unsigned value) { checked(::sem_init(&semaphore_, 1, value), "sem_init"); }
    void post() { checked(::sem_post(&semaphore_), "sem_post"); }
    void wait() {
        while (::sem_wait(&semaphore_) == -1) {
            if (errno != EINTR) throw_errno("sem_wait");
        }
    }

private:
    ::sem_t semaphore_; // Linux: needs no sem_destroy
};

} // namespace process
