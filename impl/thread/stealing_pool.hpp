// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace thread_model {

/// A queue of tasks a thread: the owner works at the new end, idle threads take from the old end of
/// others, where the large tasks are. Tasks live on the stacks of those who fork and join them.
class stealing_pool {
public:
    /// One task: `run` is called once, by some thread of the pool.
    class task {
    public:
        task() = default;
        task(task const&) = delete;
        task& operator=(task const&) = delete;
        virtual ~task() = default;
        virtual void run() = 0;

    private:
        friend class stealing_pool;
        std::atomic<bool> done_ = false;
    };

    explicit stealing_pool(unsigned threads) : queues_(threads) {
        try {
            for (unsigned i = 0; i < threads; ++i) {
                threads_.emplace_back([this, i] { work(i); });
            }
        } catch (...) {
            close();
            throw;
        }
    }
    stealing_pool(stealing_pool const&) = delete;
    stealing_pool& operator=(stealing_pool const&) = delete;
    ~stealing_pool() { close(); }

    /// From outside: runs `t` and blocks until it is done. One caller at a time.
    void run(task& t) {
        root_done_ = false;
        root_ = &t;
        push(0, t);
        root_done_.wait(false);
    }

    /// From a task.
    void fork(task& t) { push(self_, t); }

    /// From a task: works on others until `t` is done.
    void join(task& t) {
        while (!t.done_.load(std::memory_order_acquire)) {
            // The core may be needed by the thread that runs `t`.
            if (!run_one()) std::this_thread::yield();
        }
    }

private:
    static constexpr unsigned looks_before_sleep = 64;

    struct alignas(64) queue {
        std::mutex mutex;
        std::deque<task*> tasks;
        std::atomic<std::size_t> size = 0; ///< a hint, so that thieves need not lock to look
    };

    void push(unsigned worker, task& t) {
        auto& q = queues_[worker];
        {
            std::lock_guard const lock(q.mutex);
            q.tasks.push_back(&t);
            q.size.store(q.tasks.size());
        }
        // Sequentially consistent, as is `wait_for_push`: either this sees the sleeper, or it sees
        // the task.
        if (sleepers_.load() != 0) {
            ++pushes_;
            pushes_.notify_one();
        }
    }

    task* take(unsigned from, bool newest) {
        auto& q = queues_[from];
        if (q.size.load() == 0) return nullptr;
        std::lock_guard const lock(q.mutex);
        if (q.tasks.empty()) return nullptr;
        auto* const taken = newest ? q.tasks.back() : q.tasks.front();
        newest ? q.tasks.pop_back() : q.tasks.pop_front();
        q.size.store(q.tasks.size());
        return taken;
    }

    bool run_one() {
        auto* found = take(self_, true);
        for (unsigned i = 1; found == nullptr && i < queues_.size(); ++i) {
            found = take((self_ + i) % static_cast<unsigned>(queues_.size()), false);
        }
        if (found == nullptr) return false;
        run_to_end(*found);
        return true;
    }

    void run_to_end(task& t) {
        t.run();
        if (&t == root_) {
            root_done_ = true;
            root_done_.notify_one();
            return;
        }
        // Release: who joins sees what the task wrote. After this line `t` may be gone.
        t.done_.store(true, std::memory_order_release);
    }

    void work(unsigned self) {
        self_ = self;
        for (unsigned looks = 0; !closing_.load();) {
            if (run_one()) {
                looks = 0;
            } else if (++looks < looks_before_sleep) {
                std::this_thread::yield();
            } else {
                wait_for_push();
                looks = 0;
            }
        }
    }

    void wait_for_push() {
        auto const seen = pushes_.load();
        ++sleepers_;
        auto nothing = !closing_.load();
        for (auto const& q : queues_) {
            nothing = nothing && q.size.load() == 0;
        }
        if (nothing) pushes_.wait(seen);
        --sleepers_;
    }

    void close() {
        closing_ = true;
        ++pushes_;
        pushes_.notify_all();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    static inline constinit thread_local unsigned self_ = 0;

    std::vector<queue> queues_;
    alignas(64) std::atomic<std::uint32_t> sleepers_ = 0;
    std::atomic<std::uint32_t> pushes_ = 0;
    std::atomic<bool> closing_ = false;
    std::atomic<bool> root_done_ = false;
    task* root_ = nullptr; ///< published by the push of it, and the same throughout a run
    std::vector<std::thread> threads_;
};

} // namespace thread_model
