// SPDX-License-Identifier: MIT
#include "cell/measure.hpp"

#include "contract/check.hpp"
#include "facts/errors.hpp"
#include "facts/table/fields.hpp"
#include "proc/cpus.hpp"
#include "rig/part.hpp"

#include <fmt/format.h>

namespace cell {

namespace field = facts::field;
namespace {

/// Standard streams, pipes, epoll and the like, beside the sockets of the connections.
constexpr std::uint64_t other_descriptors = 64;

} // namespace

void prepare_machine(setting const& context, std::uint64_t sockets) {
    auto const needed = sockets + other_descriptors;
    if (needed > context.process->most_descriptors) {
        throw contract::skipped_error(
            fmt::format("{} connections need {} open descriptors and the hard limit is {}: raise "
                        "it (ulimit -Hn {} as root, or LimitNOFILE=)",
                        sockets, needed, context.process->most_descriptors, needed));
    }
    // Without its place a cell would be another measurement.
    rig::of_this_machine([&] { proc::pin_to(context.cpus); });
}

std::string timeout_line(setting const& context) {
    auto sample = blank_sample(context);
    sample[field::verdict] = name_of(facts::verdict::timeout);
    sample[field::reason] = fmt::format(
        "not finished after {} s", std::chrono::duration<double>(context.given().timeout).count());
    return json_line(sample);
}

std::string timeout_notice(setting const& context) {
    return fmt::format("{}: timeout: not finished after {} s; it and its children were killed\n",
                       context.name,
                       std::chrono::duration<double>(context.given().timeout).count());
}

void publish(benchmark::State& state, recorder const& record, std::uint64_t units) {
    auto const& [worst, reason] = record.worst();
    auto const text =
        worst == facts::verdict::ok ? std::string() : fmt::format("{}: {}", name_of(worst), reason);
    auto const unmeasured = worst == facts::verdict::declined || worst == facts::verdict::skipped;
    if (is_failure(worst) || unmeasured) {
        state.SkipWithError(text.c_str());
        fmt::print(stderr, "{}\n", text);
        return;
    }
    state.SetLabel(text);
    state.SetItemsProcessed(static_cast<std::int64_t>(units) *
                            static_cast<std::int64_t>(state.iterations()));
    auto const* const sample = record.last();
    if (sample == nullptr) return;
    auto const counter = [&](char const* name, nlohmann::json const& value, double divisor) {
        if (value.is_number()) state.counters[name] = value.get<double>() / divisor;
    };
    counter("cpu_ns_per_unit", (*sample)[field::cpu_ns], static_cast<double>(units));
    if (auto const& waiting = (*sample)["waiting"]; waiting.is_object()) {
        counter(field::bytes_per_unit, waiting[field::bytes_per_unit], 1);
    }
    if (auto const& latency = (*sample)["latency"]; latency.is_object()) {
        counter(field::p50_ns, latency.value(field::p50_ns, nlohmann::json()), 1);
        counter(field::p99_ns, latency.value(field::p99_ns, nlohmann::json()), 1);
    }
}

facts::judgement judge_exception() {
    try {
        throw;
    } catch (facts::harness_error const&) {
        throw;
    } catch (contract::declined_error const& e) {
        return {facts::verdict::declined, e.what()};
    } catch (contract::skipped_error const& e) {
        return {facts::verdict::skipped, e.what()};
    } catch (facts::unreadable_error const& e) {
        return {facts::verdict::skipped, e.what()};
    } catch (std::exception const& e) {
        return {facts::verdict::crashed, e.what()};
    } catch (...) {
        return {facts::verdict::crashed, "the model threw something that is no std::exception"};
    }
}

} // namespace cell
