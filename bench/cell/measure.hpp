// SPDX-License-Identifier: MIT
#pragma once

#include "cell/measure_batch.hpp"
#include "cell/measure_server.hpp"
#include "cell/pulse.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"
#include "facts/table/fields.hpp"
#include "facts/verdict.hpp"
#include "proc/timer_slack.hpp"
#include "proc/watchdog.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace cell {

/// Pins the process. Throws contract::skipped_error if it may not open `sockets` sockets.
void prepare_machine(setting const& context, std::uint64_t sockets);

/// The line that the watchdog writes, should it have to.
[[nodiscard]] std::string timeout_line(setting const& context);
[[nodiscard]] std::string timeout_notice(setting const& context);

/// What Google Benchmark shows beside the time.
void publish(benchmark::State& state, recorder const& record, std::uint64_t units);

/// Turns the exception in flight into the verdict that it means; rethrows harness_error.
[[nodiscard]] facts::judgement judge_exception();

/// How much later than asked the kernel may end the sleeps of a session; zero: as it does anyway.
template <class W>
[[nodiscard]] std::chrono::nanoseconds slack_of(typename W::params const& params) noexcept {
    if constexpr (requires { params.timer_slack_us; }) {
        return std::chrono::microseconds(params.timer_slack_us);
    } else {
        return {};
    }
}

/// One call of a benchmark: a session from `make` to the leak check, recorded whatever happens.
/// Throws harness_error only.
template <class W>
void measure_session(job<W>& work, benchmark::State& state) {
    recorder record(work.context);
    try {
        auto const& context = work.context;
        if (!context.cell->declined_because.empty()) {
            throw contract::declined_error(std::string(context.cell->declined_because));
        }
        prepare_machine(context, work.rules.sockets(work.params));
        static_cast<void>(work.expected());
        auto const pulse_before = take_pulse(context);
        { // The time limit is that of the cell: the pulse has no part in it.
            proc::watchdog const guard(context.given().timeout, timeout_line(context),
                                       context.process->samples.fd(), timeout_notice(context));
            proc::timer_slack const slack(slack_of<W>(work.params));
            if constexpr (W::role == contract::role::server) {
                server_measurement<W>(work, state, record).run();
            } else {
                batch_measurement<W>(work, state, record).run();
            }
        }
        record.set(facts::field::pulse_before, pulse_field(pulse_before));
        record.set(facts::field::pulse_after, pulse_field(take_pulse(context)));
    } catch (...) {
        record.judge_all(judge_exception());
    }
    publish(state, record, work.rules.units(work.params));
    record.write();
}

template <class W>
void measure(job<W>& work, benchmark::State& state) {
    try {
        measure_session(work, state);
    } catch (facts::harness_error const& e) {
        fmt::print(stderr, "{}: {}\n", work.context.name, e.what());
        work.context.process->fail(facts::exit_code::harness);
        state.SkipWithError(e.what());
    }
}

} // namespace cell
