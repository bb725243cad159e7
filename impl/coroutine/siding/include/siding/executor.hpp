// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace siding {

/// A pool of threads for functions that block: concurrent.futures.ThreadPoolExecutor. Threads start
/// as they are needed and are joined by the destructor, after all that was submitted has run.
class executor {
public:
    /// 0: as CPython, min(32, CPUs + 4).
    explicit executor(std::size_t most_threads = 0);
    executor(executor const&) = delete;
    executor& operator=(executor const&) = delete;
    ~executor();

    /// One function for a thread of the pool, which sees to its own lifetime.
    class job {
    public:
        job() = default;
        job(job const&) = delete;
        job& operator=(job const&) = delete;
        virtual ~job() = default;
        virtual void run() noexcept = 0;

    private:
        friend executor;
        job* next_ = nullptr;
    };

    /// Thread-safe. `work` must live until it has run. Throws std::system_error if there is no
    /// thread and none can be started: then it will not run.
    void submit(job& work);

private:
    void start_thread();
    void work();

    std::mutex mutex_;
    std::condition_variable arrived_;
    job* first_ = nullptr;
    job* last_ = nullptr;
    std::size_t idle_ = 0;
    std::size_t queued_ = 0;
    std::size_t most_threads_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

} // namespace siding
