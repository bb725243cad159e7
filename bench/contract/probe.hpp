// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>
#include <span>

namespace contract {

/// Start and end of one operation, CLOCK_MONOTONIC nanoseconds; 0 means "never recorded".
struct latency_slot {
    std::uint64_t begin_ns = 0;
    std::uint64_t end_ns = 0;
};

/// The harness, asked to look at the process while a run stands still.
struct observer {
    virtual void look() = 0;

protected:
    ~observer() = default;
};

/// Where a model notes when operation `i` began and ended: the only clock that a model touches.
///
/// The slots are preallocated in MAP_SHARED memory before the session is made, so a forked child
/// records exactly as a thread does and nothing is allocated inside the clock. Begin and
/// end of a slot have one writer each, which may be two threads (`wakeup`); all else may be written
/// concurrently from any thread or process. Indices outside
/// the workload's slot count are ignored, so that a warm-up may use an empty probe.
class probe {
public:
    probe() = default;
    explicit probe(std::span<latency_slot> slots, observer* watching = nullptr) noexcept
        : slots_(slots), observer_(watching) {}

    void begin(std::uint64_t i) noexcept {
        if (i < slots_.size()) slots_[i].begin_ns = now_ns();
    }
    void end(std::uint64_t i) noexcept {
        if (i < slots_.size()) slots_[i].end_ns = now_ns();
    }
    /// Blocks while the harness looks at the memory of the process and its children. Only on the
    /// thread that called `run`; nothing without a harness that wants it.
    void look() {
        if (observer_ != nullptr) observer_->look();
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return slots_.size(); }

private:
    static std::uint64_t now_ns() noexcept {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
               static_cast<std::uint64_t>(now.tv_nsec);
    }

    std::span<latency_slot> slots_;
    observer* observer_ = nullptr;
};

} // namespace contract
