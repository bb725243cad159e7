// SPDX-License-Identifier: MIT
#include "siding/cores.hpp"

#include "siding/detail/interruption.hpp"
#include "siding/event.hpp"
#include "siding/run.hpp"
#include "siding/task.hpp"

#include <pthread.h>
#include <sched.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace siding {

namespace {

/// The CPUs on which this thread may run.
std::vector<int> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> all;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return all; // more CPUs than a set holds
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) all.push_back(cpu);
    }
    return all;
}

/// This thread stays on one CPU while it lives.
class pinned {
public:
    explicit pinned(int cpu) noexcept {
        if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        is_pinned_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
    }
    pinned(pinned const&) = delete;
    pinned& operator=(pinned const&) = delete;
    ~pinned() {
        if (is_pinned_) ::sched_setaffinity(0, sizeof before_, &before_);
    }

private:
    cpu_set_t before_{};
    bool is_pinned_ = false;
};

} // namespace

std::size_t available_cores() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return static_cast<std::size_t>(CPU_COUNT(&set));
    }
    return std::max(1u, std::thread::hardware_concurrency());
}

namespace detail {

/// The loops of run_on_cores. Every thread goes through the same stages, and none begins one before
/// all have ended the one before: make a loop, run the main coroutine, cancel what is left, close.
/// Each loop runs until all are clean: until then tasks of others may need it.
class core_group {
public:
    using main_function = std::function<coroutine<>(core)>;

    core_group(std::size_t count, main_function const& main, cores_options const& options)
        : main_(main), options_(options), cpus_(allowed_cpus()), places_(count) {}

    static void run(std::shared_ptr<core_group> const& self);

    [[nodiscard]] std::size_t count() const noexcept { return places_.size(); }
    [[nodiscard]] loop& loop_of(std::size_t index) {
        std::lock_guard const lock(mutex_);
        auto* const found = places_.at(index).home;
        if (found == nullptr) throw runtime_error("the cores have ended");
        return *found;
    }
    void stop();

private:
    /// What belongs to one core. All but `home` is of its thread alone.
    struct place {
        loop* home = nullptr; ///< guarded by the mutex; null before and after
        any_task main;
        bool main_has_ended = false;
        event* met = nullptr; ///< set when all have come
        interruption const* interrupted = nullptr;
    };

    void run_core(std::shared_ptr<core_group> const& self, std::size_t index) noexcept;
    void run_loop(std::shared_ptr<core_group> const& self, std::size_t index, loop& home);
    coroutine<> supervise(std::shared_ptr<core_group> self, std::size_t index);
    static coroutine<> meet(core_group* self, place* mine);
    void clean(place& mine, loop& home);
    void note_cancellation(place const& cancelled) noexcept;
    void fail(std::exception_ptr error) noexcept;
    void come();
    bool arrive(std::size_t& counter) noexcept;

    main_function const& main_;
    cores_options options_;
    std::vector<int> cpus_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<place> places_;
    std::size_t come_ = 0; ///< to where they meet next
    std::size_t left_ = 0; ///< tasks that came up while others cleaned, ever
    std::size_t made_ = 0;
    std::size_t closed_ = 0;
    bool gave_up_ = false; ///< a thread or a loop could not be made
    bool stopping_ = false;
    std::exception_ptr error_; ///< the first
};

void core_group::run(std::shared_ptr<core_group> const& self) {
    auto& group = *self;
    {
        std::vector<std::jthread> threads;
        try {
            for (std::size_t index = 1; index < group.count(); ++index) {
                threads.emplace_back([&group, &self, index] { group.run_core(self, index); });
            }
        } catch (...) {
            std::lock_guard const lock(group.mutex_);
            group.error_ = std::current_exception();
            group.gave_up_ = true;
            group.changed_.notify_all();
        }
        group.run_core(self, 0);
    }
    if (group.error_) std::rethrow_exception(std::exchange(group.error_, nullptr));
}

void core_group::run_core(std::shared_ptr<core_group> const& self, std::size_t index) noexcept {
    std::optional<pinned> stays;
    if (options_.pin && cpus_.size() >= count()) stays.emplace(cpus_[index]);
    std::optional<loop> home;
    try {
        loop_options how;
        how.backend = options_.backend;
        home.emplace(how);
    } catch (...) {
        std::lock_guard const lock(mutex_);
        if (!error_) error_ = std::current_exception();
        gave_up_ = true;
    }
    if (home) {
        std::lock_guard const lock(mutex_);
        places_[index].home = &*home;
    }
    if (!arrive(made_)) return;
    run_loop(self, index, *home);
    {
        std::lock_guard const lock(mutex_);
        places_[index].home = nullptr;
    }
    home->close();
    arrive(closed_); // until here others may be posting to it
}

void core_group::run_loop(std::shared_ptr<core_group> const& self, std::size_t index, loop& home) {
    auto& mine = places_[index];
    auto const supervised = home.create_task(supervise(self, index), "core");
    mine.main = supervised;
    std::optional<interruption> interrupted;
    if (index == 0) mine.interrupted = &interrupted.emplace(supervised);
    while (!supervised.done()) {
        try {
            home.run_until_complete(static_cast<future<>>(supervised));
        } catch (...) { // somebody stopped the loop: the others still count on it
            fail(std::current_exception());
        }
    }
    mine.interrupted = nullptr;
    mine.main = {};
    clean(mine, home);
}

/// Round by round, until nobody has tasks: what is cancelled may leave work for others.
void core_group::clean(place& mine, loop& home) {
    auto const total = [this](std::size_t more) {
        std::lock_guard const lock(mutex_);
        return left_ += more;
    };
    while (true) {
        auto const before = total(0);
        cancel_all_tasks(home);
        home.run_until_complete(meet(this, &mine));
        total(home.all_tasks().size());
        home.run_until_complete(meet(this, &mine));
        if (total(0) == before) break;
    }
    cancel_all_tasks(home);
}

/// Resumes when all have come here.
coroutine<> core_group::meet(core_group* self, place* mine) {
    event met;
    mine->met = &met;
    self->come();
    co_await met.wait();
}

coroutine<> core_group::supervise(std::shared_ptr<core_group> self, std::size_t index) {
    auto& mine = places_[index];
    try {
        auto main = main_(core(self, index));
        co_await std::move(main);
        if (running_task()->cancel_requests != 0) stop(); // it took a SIGINT as a wish to return
    } catch (cancelled_error const&) {
        note_cancellation(mine);
    } catch (...) {
        fail(std::current_exception());
    }
    mine.main_has_ended = true;
    event met;
    mine.met = &met;
    come();
    while (!met.is_set()) {
        try {
            co_await met.wait();
        } catch (cancelled_error const&) { // by SIGINT: others are still at work
            note_cancellation(mine);
        }
    }
}

/// Not by `stop`: by SIGINT, or because the coroutine threw it.
void core_group::note_cancellation(place const& cancelled) noexcept {
    {
        std::lock_guard const lock(mutex_);
        if (stopping_) return;
    }
    bool const by_signal =
        cancelled.interrupted != nullptr && cancelled.interrupted->cancelled_main();
    fail(by_signal ? std::make_exception_ptr(keyboard_interrupt()) : std::current_exception());
}

void core_group::fail(std::exception_ptr error) noexcept {
    {
        std::lock_guard const lock(mutex_);
        if (!error_) error_ = std::move(error);
    }
    try {
        stop();
    } catch (std::bad_alloc const&) { // some of the others go on until they end by themselves
    }
}

void core_group::stop() {
    std::lock_guard const lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    for (auto& each : places_) {
        if (each.home == nullptr) continue;
        each.home->call_soon_threadsafe([&each] {
            if (!each.main_has_ended && each.main) each.main.cancel();
        });
    }
}

/// The last to come tells all.
void core_group::come() {
    std::lock_guard const lock(mutex_);
    if (++come_ != count()) return;
    come_ = 0;
    for (auto& each : places_) {
        each.home->call_soon_threadsafe([&each] { each.met->set(); });
    }
}

/// Waits until all threads have come here; false: somebody gave up.
bool core_group::arrive(std::size_t& counter) noexcept {
    std::unique_lock lock(mutex_);
    ++counter;
    changed_.notify_all();
    changed_.wait(lock, [&] { return counter == count() || gave_up_; });
    return !gave_up_;
}

void run_on_cores(std::size_t count, std::function<coroutine<>(core)> const& main,
                  cores_options const& options) {
    expect_no_running_loop();
    core_group::run(std::make_shared<core_group>(count, main, options));
}

} // namespace detail

std::size_t core::count() const noexcept { return of_->count(); }
loop& core::loop_of(std::size_t index) const { return of_->loop_of(index); }
void core::stop() const { of_->stop(); }

} // namespace siding
