// SPDX-License-Identifier: MIT
#pragma once

#include "cell/counts.hpp"
#include "cell/job.hpp"
#include "cell/measured_process.hpp"
#include "cell/session_watch.hpp"
#include "facts/table/fields.hpp"
#include "proc/process_tree.hpp"
#include "rig/rig.hpp"

#include <benchmark/benchmark.h>
#include <memory>
#include <optional>

namespace cell {

namespace field = facts::field;

/// A server serves once in its life: make, run, destroy for every iteration.
template <class W>
class server_measurement {
public:
    server_measurement(job<W>& work, benchmark::State& state, recorder& record)
        : job_(work), state_(state), record_(record) {}

    void run() {
        for ([[maybe_unused]] auto _ : state_) {
            auto const window_ns = once();
            state_.SetIterationTime(static_cast<double>(window_ns) / 1e9);
            if (is_failure(record_.worst().verdict)) {
                state_.SkipWithError(record_.worst().reason.c_str());
                break;
            }
        }
    }

private:
    std::uint64_t once() {
        auto const make = contract::maker_of<W>(*job_.context.cell);
        // Destroyed after the load generator, which thereby stops it, should something throw.
        std::optional<measured_process> measured;
        std::unique_ptr<contract::session<W>> session;
        rig::rig<W> around(job_.rig_order(), job_.limits());
        measured.emplace(job_.context, contract::descriptors_of(around.environment()), nullptr);
        session_watch watch(job_.context, job_.most_extra_threads(), measured->id(),
                            around.programs());
        contract::probe probe;
        typename W::outcome outcome;
        nlohmann::json fields{{field::iteration, job_.iterations_done++}};
        fields[field::make_ns] = timed([&] { session = make(job_.params, around.environment()); });
        around.go(measured->id());
        fields[field::started_ns] = monotonic_ns();
        auto const counted_before = read_counts();
        auto const served_ns = timed([&] { outcome = session->run(probe); });
        fields.update(counted_between(counted_before, read_counts()));
        auto found = watch.check_threads();
        fields.update(watch.memory_and_threads());
        fields[field::destroy_ns] = timed([&] { session.reset(); });
        measured->check();
        oracle::evidence evidence{.slots = {}, .run_ns = served_ns};
        around.finish([&](rig::account const& seen) {
            fields.update(seen.fields);
            found = judge(watch, std::move(found), seen);
            if (seen.served) evidence.client = seen.served;
            if (seen.asked) evidence.backend = seen.asked;
            return !is_failure(found.verdict);
        });
        if (!is_failure(found.verdict)) {
            auto wrong = job_.rules.check(job_.params, job_.seed(), job_.expected(), outcome,
                                          around.evidence(std::move(evidence)));
            if (!wrong.empty()) found = {facts::verdict::wrong, std::move(wrong)};
        }
        recorder one(job_.context);
        one.add(fields, found);
        if (!is_failure(found.verdict)) {
            watch.check_leaks(one, [&] { make(job_.params, around.environment()).reset(); });
        }
        record_.take(std::move(one));
        return fields.value(field::run_ns, std::uint64_t{0});
    }

    /// What was found of the session so far, and what a part of its surroundings has seen.
    facts::judgement judge(session_watch const& watch, facts::judgement found,
                           rig::account const& seen) const {
        // Counted under load; beside an auditor that would be counted, too.
        auto const count = !job_.context.given().audit && !proc::sanitizer_adds_threads;
        if (found.verdict == facts::verdict::ok && count && seen.threads) {
            found = watch.check_tree(*seen.threads);
        }
        if (seen.found.verdict == facts::verdict::ok) return found;
        // A wrong answer says more than the crowd that gave it.
        return found.verdict == facts::verdict::ok || is_failure(seen.found.verdict) ? seen.found
                                                                                     : found;
    }

    job<W>& job_;
    benchmark::State& state_;
    recorder& record_;
};

} // namespace cell
