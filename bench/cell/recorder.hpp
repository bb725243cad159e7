// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"
#include "contract/probe.hpp"
#include "facts/verdict.hpp"

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace cell {

/// A sample as `results/README.md` lists it: the identity, and null for what was not measured.
[[nodiscard]] nlohmann::json blank_sample(setting const&);

/// Collects the samples of one session and writes them when it is destroyed, for only then is it
/// known how long that took and whether something was left behind.
class recorder {
public:
    explicit recorder(setting const& context) : context_(&context) {}

    /// `fields` replace those of a blank sample.
    void add(nlohmann::json const& fields, facts::judgement const&);

    /// For all samples so far.
    void set(std::string const& field, nlohmann::json const& value);

    /// A finding about the session as a whole replaces the verdict of its samples that have no
    /// graver one; without samples it becomes one.
    void judge_all(facts::judgement const&);

    /// Takes over the samples of another.
    void take(recorder&& other);

    /// Appends all to the samples file and notes the worst verdict as the process's exit code.
    void write();

    [[nodiscard]] nlohmann::json const* last() const noexcept {
        return samples_.empty() ? nullptr : &samples_.back();
    }
    /// The gravest that was found.
    [[nodiscard]] facts::judgement const& worst() const noexcept { return worst_; }

private:
    void note(facts::judgement const&);

    setting const* context_;
    std::vector<nlohmann::json> samples_;
    facts::judgement worst_;
};

/// The latency object of `results/README.md`, `nominal_ns(i)` subtracted from slot i; null without
/// slots.
[[nodiscard]] nlohmann::json
latency_of(std::span<contract::latency_slot const> slots,
           std::function<std::uint64_t(std::uint64_t)> const& nominal_ns);

} // namespace cell
