// SPDX-License-Identifier: MIT
#pragma once

#include "cell/recorder.hpp"
#include "facts/verdict.hpp"
#include "proc/audit.hpp"
#include "proc/leak_check.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace cell {

/// Holds a session to its budget: remembers what there was before `make`, counts threads and
/// children while the session lives and looks for what it left behind.
class session_watch {
public:
    /// `measured`: this process, or the worker of a model in another language. `rig`: children of
    /// this process that are no part of the model.
    session_watch(setting const& context, std::uint64_t most_extra_threads, pid_t measured,
                  std::vector<pid_t> rig);

    [[nodiscard]] pid_t measured() const noexcept { return measured_; }
    [[nodiscard]] std::vector<pid_t> const& rig() const noexcept { return rig_; }

    /// `over_budget` if the living session has more threads and children than it may.
    [[nodiscard]] facts::judgement check_threads() const;

    /// The same for a count that another made, of the tree of the measured process.
    [[nodiscard]] facts::judgement check_tree(std::uint64_t threads) const;

    /// The sample's fields peak_rss_bytes, file_rss_bytes, pss_bytes, threads and processes, as of
    /// now.
    [[nodiscard]] nlohmann::json memory_and_threads() const;

    /// After destroy; `again` makes, runs and destroys once more.
    void check_leaks(recorder& record, std::function<void()> const& again) const;

private:
    /// `threads` includes the calling one.
    [[nodiscard]] facts::judgement check_count(std::uint64_t threads) const;

    pid_t measured_;
    std::vector<pid_t> rig_;
    std::uint64_t most_extra_threads_;
    std::size_t runtime_threads_;
    std::size_t threads_before_;
    std::optional<proc::auditor> auditor_;
    proc::holdings before_;
};

} // namespace cell
