// SPDX-License-Identifier: MIT
#include "par/workers.hpp"

#include "siding/par/pool.hpp"

#include <stdexcept>

namespace siding::detail::fork_join {

void prepare_fences() noexcept;

namespace {

/// Looks at all others before a worker sleeps: some microseconds. On few cores more would take them
/// from those who work.
constexpr unsigned looks_before_sleep = 48;
constexpr std::size_t most_empty_stacks = 16;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/// Runs until nothing is next.
void resume(std::coroutine_handle<> first) {
    first.resume();
    if constexpr (trampoline) {
        while (auto const next = std::exchange(this_worker.next, nullptr)) {
            next.resume();
        }
    }
}

} // namespace

void take_stack_of(frame& f) noexcept {
    auto& frames = this_worker.frames;
    frames.save();
    this_worker.self->keep_stack(std::unique_ptr<frame_stack>(frames.stack()));
    frames.take(*f.stack);
}

void leave_stack() noexcept { this_worker.frames.take(*this_worker.self->empty_stack().release()); }

std::unique_ptr<frame_stack> worker::empty_stack() {
    if (stacks_.empty()) return std::make_unique<frame_stack>();
    auto taken = std::move(stacks_.back());
    stacks_.pop_back();
    return taken;
}

void worker::keep_stack(std::unique_ptr<frame_stack> stack) noexcept {
    if (stacks_.size() < most_empty_stacks) stacks_.push_back(std::move(stack));
}

std::coroutine_handle<> worker::steal() {
    auto const count = all_.size();
    for (unsigned i = 0; i < count; ++i) {
        auto const from = (victim_ + i) % count;
        if (from == index_) continue;
        auto* const taken = all_[from].deque().steal();
        if (taken == nullptr) continue;
        victim_ = from;
        auto& stolen = *static_cast<frame*>(taken);
        ++stolen.steals;
        return stolen.handle();
    }
    return nullptr;
}

std::coroutine_handle<> worker::find_work() {
    if (auto const stolen = steal()) return stolen;
    if (auto* const taken = all_.take_root()) {
        if (auto const first = taken->start()) return first;
        taken->finish();
        all_.root_has_ended();
    }
    return nullptr;
}

void worker::run() {
    stacks_.reserve(most_empty_stacks);
    this_worker.deque = &deque_;
    this_worker.idle = &all_.idle();
    this_worker.self = this;
    this_worker.frames.take(*empty_stack().release());
    for (unsigned looks = 0;;) {
        if (auto const found = find_work()) {
            looks = 0;
            resume(found);
        } else if (all_.closing()) {
            break;
        } else if (++looks < looks_before_sleep) {
            pause();
        } else {
            looks = 0;
            all_.idle().sleep(index_, [this] { return all_.has_work(); });
        }
    }
    delete this_worker.frames.stack();
    this_worker = {};
}

workers::workers(unsigned count) {
    if (count == 0 || count > sleepers<>::most) {
        throw std::invalid_argument("a par_pool has 1 to 64 workers");
    }
    prepare_fences();
    for (unsigned i = 0; i < count; ++i) {
        all_.push_back(std::make_unique<worker>(*this, i));
    }
    try {
        for (auto const& each : all_) {
            threads_.emplace_back([&each] { each->run(); });
        }
    } catch (...) {
        close();
        throw;
    }
}

workers::~workers() {
    for (auto left = unfinished_.load(); left != 0; left = unfinished_.load()) {
        real_atomics::wait(unfinished_, left);
    }
    close();
}

void workers::close() noexcept {
    closing_ = true;
    // Sequentially consistent on both sides: a worker that does not see it is seen asleep.
    real_atomics::heavy_fence();
    while (idle_.wake_one()) {
    }
    for (auto& each : threads_) {
        each.join();
    }
}

void workers::submit(root& work) {
    ++unfinished_;
    {
        std::lock_guard const lock(mutex_);
        *last_ = &work;
        last_ = &work.next;
    }
    ++waiting_; // a full fence, so that this thread needs no other
    idle_.work_was_made();
}

root* workers::take_root() {
    if (waiting_.load(std::memory_order_relaxed) == 0) return nullptr;
    std::lock_guard const lock(mutex_);
    auto* const taken = first_;
    if (taken == nullptr) return nullptr;
    first_ = taken->next;
    if (first_ == nullptr) last_ = &first_;
    --waiting_;
    return taken;
}

void workers::root_has_ended() noexcept {
    if (--unfinished_ == 0) real_atomics::wake(unfinished_);
}

bool workers::has_work() noexcept {
    if (closing() || waiting_.load() != 0) return true;
    for (auto const& each : all_) {
        if (!each->deque().looks_empty()) return true;
    }
    return false;
}

std::coroutine_handle<> end_of_root(root& ended) noexcept {
    auto& all = this_worker.self->all();
    ended.finish();
    all.root_has_ended();
    return std::noop_coroutine();
}

} // namespace siding::detail::fork_join

namespace siding {

par_pool::par_pool(unsigned workers)
    : workers_(std::make_unique<detail::fork_join::workers>(workers)) {}

par_pool::~par_pool() = default;

void par_pool::submit(detail::fork_join::root& call) { workers_->submit(call); }

} // namespace siding
