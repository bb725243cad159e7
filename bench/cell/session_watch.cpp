// SPDX-License-Identifier: MIT
#include "cell/session_watch.hpp"

#include "facts/table/fields.hpp"
#include "proc/memory.hpp"
#include "proc/process_tree.hpp"

#include <chrono>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

namespace cell {

namespace field = facts::field;
namespace {

using namespace std::chrono_literals;

/// How long a thread that was joined, or a child that was reaped, may still be seen in /proc.
constexpr auto time_to_vanish = 250ms;

/// Threads that a runtime may still have after destroy, where it starts them when it likes.
std::size_t runtime_threads(setting const& context) {
    auto const own = context.cell->about.runtime_threads;
    return own == 0 ? 0 : own + context.workers;
}

} // namespace

session_watch::session_watch(setting const& context, std::uint64_t most_extra_threads,
                             pid_t measured, std::vector<pid_t> rig)
    : measured_(measured),
      rig_(std::move(rig)),
      most_extra_threads_(most_extra_threads),
      runtime_threads_(runtime_threads(context)),
      threads_before_(proc::count_live_threads(::getpid(), rig_)) {
    if (context.given().audit) auditor_.emplace(threads_before_ + most_extra_threads_, rig_);
    before_ = proc::read_holdings(measured_, rig_);
}

facts::judgement session_watch::check_count(std::uint64_t threads) const {
    if (threads <= threads_before_ + most_extra_threads_) return {};
    return {facts::verdict::over_budget,
            fmt::format("{} threads and children beside the calling thread; {} are allowed",
                        threads - threads_before_, most_extra_threads_)};
}

facts::judgement session_watch::check_tree(std::uint64_t threads) const {
    return check_count(threads + (measured_ == ::getpid() ? 0 : 1));
}

facts::judgement session_watch::check_threads() const {
    auto const until = std::chrono::steady_clock::now() + time_to_vanish;
    for (;;) {
        auto found = check_count(proc::count_live_threads(::getpid(), rig_));
        if (found.verdict == facts::verdict::ok) break;
        if (std::chrono::steady_clock::now() > until) return found;
        std::this_thread::sleep_for(1ms);
    }
    return auditor_ ? check_count(auditor_->most_seen()) : facts::judgement{};
}

nlohmann::json session_watch::memory_and_threads() const {
    nlohmann::json fields{
        {field::pss_bytes, nullptr},
        {field::peak_rss_bytes, nullptr},
        {field::file_rss_bytes, nullptr},
        {field::threads, proc::count_live_threads(measured_, rig_)},
        {field::processes, 1 + proc::descendants(measured_, rig_).size()},
    };
    if (auto const pss = proc::pss_bytes(measured_, rig_)) fields[field::pss_bytes] = *pss;
    auto const memory = proc::memory_of(measured_);
    if (memory.peak_rss_bytes) fields[field::peak_rss_bytes] = *memory.peak_rss_bytes;
    if (memory.file_rss_bytes) fields[field::file_rss_bytes] = *memory.file_rss_bytes;
    return fields;
}

void session_watch::check_leaks(recorder& record, std::function<void()> const& again) const {
    auto left =
        proc::check_leaks(measured_, before_, rig_, again, time_to_vanish, runtime_threads_);
    if (!left.empty()) record.judge_all({facts::verdict::over_budget, std::move(left)});
}

} // namespace cell
