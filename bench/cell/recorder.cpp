// SPDX-License-Identifier: MIT
#include "cell/recorder.hpp"

#include "histogram/histogram.hpp"

#include <algorithm>
#include <iterator>

namespace cell {
namespace {

/// How much a verdict says: the larger hides the smaller.
int weight(verdict v) {
    if (is_failure(v)) return 2;
    return v == verdict::ok ? 0 : 1;
}

} // namespace

nlohmann::json blank_sample(setting const& where) {
    auto sample = where.identity;
    for (auto const* field : {"iteration",
                              "make_ns",
                              "run_ns",
                              "destroy_ns",
                              "cpu_ns",
                              "user_ns",
                              "system_ns",
                              "busiest_thread_ns",
                              "voluntary_switches",
                              "involuntary_switches",
                              "minor_faults",
                              "major_faults",
                              "peak_rss_bytes",
                              "file_rss_bytes",
                              "pss_bytes",
                              "allocations",
                              "allocated_bytes",
                              "system_calls",
                              "threads",
                              "processes",
                              "latency",
                              "waiting",
                              "client",
                              "backend",
                              "started_ns"}) {
        sample[field] = nullptr;
    }
    sample["iteration"] = 0;
    sample["warm"] = false;
    return sample;
}

void recorder::add(nlohmann::json const& fields, judgement const& found) {
    auto sample = blank_sample(*where_);
    sample.update(fields);
    sample["verdict"] = name_of(found.verdict);
    sample["reason"] = found.reason;
    samples_.push_back(std::move(sample));
    note(found);
}

void recorder::set(std::string const& field, nlohmann::json const& value) {
    for (auto& sample : samples_) {
        sample[field] = value;
    }
}

void recorder::judge_all(judgement const& found) {
    if (samples_.empty()) return add(nlohmann::json::object(), found);
    for (auto& sample : samples_) {
        auto const named = sample["verdict"].get<std::string_view>();
        auto const at = std::find(verdict_names.begin(), verdict_names.end(), named);
        if (weight(static_cast<verdict>(at - verdict_names.begin())) > weight(found.verdict)) {
            continue;
        }
        sample["verdict"] = name_of(found.verdict);
        sample["reason"] = found.reason;
    }
    note(found);
}

void recorder::take(recorder&& other) {
    std::move(other.samples_.begin(), other.samples_.end(), std::back_inserter(samples_));
    note(other.worst_);
}

void recorder::write() {
    if (is_failure(worst_.verdict)) where_->process->fail(exit_failed);
    for (auto const& sample : samples_) {
        where_->process->samples.append(sample);
    }
}

void recorder::note(judgement const& found) {
    if (weight(found.verdict) > weight(worst_.verdict)) worst_ = found;
}

nlohmann::json latency_of(std::span<contract::latency_slot const> slots,
                          std::function<std::uint64_t(std::uint64_t)> const& nominal_ns) {
    if (slots.empty()) return nullptr;
    histogram::histogram latencies;
    for (std::uint64_t i = 0; i < slots.size(); ++i) {
        auto const [begin, end] = slots[i];
        if (begin == 0 || end < begin) continue;
        auto const nominal = nominal_ns(i);
        latencies.record(end - begin > nominal ? end - begin - nominal : 0);
    }
    return to_json(latencies);
}

} // namespace cell
