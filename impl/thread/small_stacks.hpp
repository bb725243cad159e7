// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <cstddef>
#include <pthread.h>
#include <thread>

namespace thread_model {

/// While it lives, every std::thread gets a stack of `bytes` instead of 8 MiB: std::thread has no
/// parameter for it, and glibc keeps only 40 MiB of stacks for reuse. Not for concurrent use.
class small_stacks {
public:
    explicit small_stacks(std::size_t bytes) {
        ::pthread_getattr_default_np(&before_);
        // The least is not to be asked for: it holds all thread-local storage, which a sanitizer
        // makes large. A trial tells; without a sanitizer the first one succeeds.
        while (!is_enough(bytes)) {
            bytes *= 2;
        }
    }
    small_stacks(small_stacks const&) = delete;
    small_stacks& operator=(small_stacks const&) = delete;
    ~small_stacks() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }

private:
    static bool is_enough(std::size_t bytes) {
        pthread_attr_t attributes;
        ::pthread_attr_init(&attributes);
        auto const error = ::pthread_attr_setstacksize(&attributes, bytes);
        if (error == 0) ::pthread_setattr_default_np(&attributes);
        ::pthread_attr_destroy(&attributes);
        if (error != 0) throw std::system_error(error, std::generic_category(), "stack size");
        try {
            std::thread([] {}).join();
            return true;
        } catch (std::system_error const& failed) {
            if (failed.code() != std::errc::invalid_argument || bytes > 16'777'216) throw;
            return false;
        }
    }

    pthread_attr_t before_;
};

} // namespace thread_model
