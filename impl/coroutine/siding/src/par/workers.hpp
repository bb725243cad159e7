// SPDX-License-Identifier: MIT
#pragma once

#include "siding/par/worker.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace siding::detail::fork_join {

/// Takes over the stack of `f`, on top of which it lies; this thread's own is empty.
void take_stack_of(frame& f) noexcept;
/// Leaves the stack to the frame on top of it and goes on with an empty one.
void leave_stack() noexcept;

class workers;

/// One thread of a pool: takes roots and continuations, and runs each until it would wait.
class worker {
public:
    worker(workers& all, unsigned index) : all_(all), index_(index) {}
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;

    void run();

    [[nodiscard]] workers& all() const noexcept { return all_; }
    [[nodiscard]] work_deque<>& deque() noexcept { return deque_; }
    [[nodiscard]] std::unique_ptr<frame_stack> empty_stack();
    void keep_stack(std::unique_ptr<frame_stack> stack) noexcept;

private:
    [[nodiscard]] std::coroutine_handle<> find_work();
    [[nodiscard]] std::coroutine_handle<> steal();

    workers& all_;
    unsigned index_;
    unsigned victim_ = 0; ///< where the last theft succeeded
    work_deque<> deque_;
    std::vector<std::unique_ptr<frame_stack>> stacks_;
};

class workers {
public:
    explicit workers(unsigned count);
    workers(workers const&) = delete;
    workers& operator=(workers const&) = delete;
    ~workers();

    void submit(root& work);
    [[nodiscard]] root* take_root();
    void root_has_ended() noexcept;

    [[nodiscard]] unsigned size() const noexcept { return static_cast<unsigned>(all_.size()); }
    [[nodiscard]] worker& operator[](unsigned i) noexcept { return *all_[i]; }
    [[nodiscard]] sleepers<>& idle() noexcept { return idle_; }
    [[nodiscard]] bool closing() const noexcept { return closing_.load(); }
    [[nodiscard]] bool has_work() noexcept;

private:
    void close() noexcept;

    std::vector<std::unique_ptr<worker>> all_;
    sleepers<> idle_;
    std::mutex mutex_;
    root* first_ = nullptr;
    root** last_ = &first_;
    // Sequentially consistent, like `closing_`: they are touched once a root.
    alignas(64) std::atomic<unsigned> waiting_ = 0; ///< roots that nobody has taken
    std::atomic<std::uint32_t> unfinished_ = 0;
    std::atomic<bool> closing_ = false;
    std::vector<std::thread> threads_;
};

} // namespace siding::detail::fork_join
