// SPDX-License-Identifier: MIT
#include "cell/recorder.hpp"

#include "cell/disturbance.hpp"
#include "facts/table/exit_codes.hpp"
#include "facts/table/fields.hpp"
#include "facts/verdict.hpp"
#include "histogram/histogram.hpp"

#include <algorithm>
#include <iterator>

namespace cell {

namespace field = facts::field;
nlohmann::json blank_sample(setting const& context) {
    auto sample = context.identity;
    for (auto const& entry : facts::sample_fields) {
        if (entry.may_be_null && !sample.contains(entry.name)) sample[entry.name] = nullptr;
    }
    sample[field::iteration] = 0;
    sample[field::warm] = false;
    return sample;
}

void recorder::add(nlohmann::json const& fields, facts::judgement const& found) {
    auto sample = blank_sample(*context_);
    sample.update(fields);
    auto const judged = found.verdict == facts::verdict::ok ? disturbance(sample) : found;
    sample[field::verdict] = name_of(judged.verdict);
    sample[field::reason] = judged.reason;
    samples_.push_back(std::move(sample));
    note(judged);
}

void recorder::set(std::string const& field, nlohmann::json const& value) {
    for (auto& sample : samples_) {
        sample[field] = value;
    }
}

void recorder::judge_all(facts::judgement const& found) {
    if (samples_.empty()) return add(nlohmann::json::object(), found);
    for (auto& sample : samples_) {
        auto const own = facts::verdict_named(sample[field::verdict].get<std::string_view>());
        if (own && facts::is_graver(*own, found.verdict)) continue;
        sample[field::verdict] = name_of(found.verdict);
        sample[field::reason] = found.reason;
    }
    note(found);
}

void recorder::take(recorder&& other) {
    std::move(other.samples_.begin(), other.samples_.end(), std::back_inserter(samples_));
    note(other.worst_);
}

void recorder::write() {
    if (is_failure(worst_.verdict)) context_->process->fail(facts::exit_code::failed);
    for (auto const& sample : samples_) {
        context_->process->samples.append(sample);
    }
}

void recorder::note(facts::judgement const& found) {
    if (facts::is_graver(found.verdict, worst_.verdict)) worst_ = found;
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
