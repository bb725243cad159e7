// SPDX-License-Identifier: MIT
#pragma once

#include "cell/counts.hpp"
#include "cell/fresh_process.hpp"
#include "cell/job.hpp"
#include "cell/measured_process.hpp"
#include "cell/session_watch.hpp"
#include "cell/shared_slots.hpp"
#include "facts/table/fields.hpp"
#include "proc/machine.hpp"
#include "proc/memory_looks.hpp"
#include "proc/usage.hpp"
#include "rig/rig.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <memory>
#include <optional>
#include <unistd.h>

namespace cell {

namespace field = facts::field;

/// A session that runs several times: make, warm up, run, destroy.
template <class W>
class batch_measurement {
public:
    batch_measurement(job<W>& work, benchmark::State& state, recorder& record)
        : job_(work), state_(state), record_(record), slots_(job_.rules.slots(job_.params)) {}

    void run() {
        rig::rig<W> around(job_.rig_order(), job_.limits());
        measured_process const measured(job_.context,
                                        contract::descriptors_of(around.environment()), &slots_);
        session_watch watch(job_.context, job_.most_extra_threads(), measured.id(),
                            around.programs());
        auto const make = [&](typename W::params const& params,
                              typename W::environment const& given) {
            if constexpr (contract::is_in_fresh_process<W>) {
                return start_afresh(job_.context, params, given, slots_.all());
            } else {
                return contract::maker_of<W>(*job_.context.cell)(params, given);
            }
        };
        std::unique_ptr<contract::session<W>> session;
        auto const make_ns = timed([&] { session = make(job_.params, around.environment()); });
        around.go(measured.id());
        iterate(*session, watch, around);
        auto const destroy_ns = timed([&] { session.reset(); });
        measured.check();
        record_.set(field::make_ns, make_ns);
        record_.set(field::destroy_ns, destroy_ns);
        if (!is_failure(record_.worst().verdict)) {
            watch.check_leaks(record_, [&] {
                auto const again = make(job_.params, around.environment());
                contract::probe probe(slots_.all());
                ++runs_;
                static_cast<void>(again->run(probe));
            });
        }
        if (!is_failure(record_.worst().verdict)) {
            around.finish([&](rig::account const& seen) { return take(seen); });
        }
    }

private:
    void iterate(contract::session<W>& session, session_watch& watch, rig::rig<W>& around) {
        auto const& given = job_.context.given();
        auto const warm_up = contract::is_looked_at<W> ? 0 : given.warm_up;
        for (std::uint64_t i = 0; i < warm_up; ++i) {
            once(session, watch, around, {{field::warm, true}, {field::iteration, i}});
            if (is_failure(record_.worst().verdict)) return;
        }
        for ([[maybe_unused]] auto _ : state_) {
            auto const run_ns =
                once(session, watch, around,
                     {{field::warm, false}, {field::iteration, job_.iterations_done++}});
            state_.SetIterationTime(static_cast<double>(run_ns) / 1e9);
            if (is_failure(record_.worst().verdict)) {
                state_.SkipWithError(record_.worst().reason.c_str());
                break;
            }
        }
    }

    std::uint64_t once(contract::session<W>& session, session_watch& watch, rig::rig<W>& around,
                       nlohmann::json fields) {
        auto const& expected = job_.expected();
        slots_.clear();
        around.before_run();
        std::optional<proc::memory_looks> looks;
        if constexpr (contract::is_looked_at<W>) {
            auto const steps = W::steps(job_.params);
            looks.emplace(watch.measured(), std::vector<std::uint64_t>(steps.begin(), steps.end()),
                          slots_.all().last(W::looks + 1));
        }
        contract::probe probe(slots_.all(), looks ? &*looks : nullptr);
        typename W::outcome outcome;
        auto const& cpus = job_.context.cpus;
        proc::usage_reader const reader(root_of(watch), watch.rig());
        auto const taken_before = proc::read_cpu_times(cpus);
        auto const before = reader.read(proc::edge::opening);
        auto const counted_before = read_counts();
        auto const started_ns = monotonic_ns();
        auto run_ns = timed([&] { outcome = session.run(probe); });
        auto const counted_after = read_counts();
        auto const after = reader.read(proc::edge::closing);
        auto const taken_after = proc::read_cpu_times(cpus);
        ++runs_;
        if (looks) run_ns -= std::min(run_ns - 1, looks->spent_ns());
        facts::judgement found = watch.check_threads();
        auto wrong = job_.rules.check(job_.params, job_.seed(), expected, outcome,
                                      around.evidence({.slots = slots_.all(), .run_ns = run_ns}));
        if (!wrong.empty()) found = {facts::verdict::wrong, std::move(wrong)};
        auto const used = proc::usage_between(before, after);
        fields.update(to_json(used));
        fields.update(to_json(proc::taken_between(
            taken_before, taken_after, cpus.size(),
            other_end_shares_cpus() ? std::nullopt : std::optional(used.cpu_ns))));
        fields.update(counted_between(counted_before, counted_after));
        fields.update(watch.memory_and_threads());
        fields[field::run_ns] = run_ns;
        fields[field::started_ns] = started_ns;
        if (looks) {
            fields[field::waiting] = looks->report();
            // They cannot be separated from those of the harness that looked.
            for (auto const* field :
                 {field::cpu_ns, field::user_ns, field::system_ns, field::busiest_thread_ns,
                  field::working_threads, field::run_delay_ns, field::steal_share,
                  field::foreign_cpu_share, field::system_calls}) {
                fields[field] = nullptr;
            }
            record_.add(fields, found);
            return run_ns;
        }
        fields[field::latency] = latency_of(slots_.all(), [&](std::uint64_t i) {
            return job_.rules.nominal_ns(job_.params, job_.seed(), i);
        });
        record_.add(fields, found);
        return run_ns;
    }

    /// Processes that are started anew are children of this one, whoever is measured otherwise.
    [[nodiscard]] static pid_t root_of(session_watch const& watch) {
        return contract::is_in_fresh_process<W> ? ::getpid() : watch.measured();
    }

    /// What the other end uses of the model's CPUs cannot be separated from what strangers use.
    [[nodiscard]] bool other_end_shares_cpus() const {
        auto const& cpus = job_.context.cpus;
        auto const& others = job_.context.client_cpus;
        return W::environment::has_other_end &&
               std::find_first_of(cpus.begin(), cpus.end(), others.begin(), others.end()) !=
                   cpus.end();
    }

    /// False if what the other side saw is wrong.
    bool take(rig::account const& seen) {
        for (auto const& [field, value] : seen.fields.items()) {
            record_.set(field, value);
        }
        if (seen.asked) {
            auto wrong = job_.rules.check_asked(job_.params, runs_, *seen.asked);
            if (!wrong.empty()) {
                record_.judge_all({facts::verdict::wrong, std::move(wrong)});
                return false;
            }
        }
        if (seen.found.verdict != facts::verdict::ok) record_.judge_all(seen.found);
        return true;
    }

    job<W>& job_;
    benchmark::State& state_;
    recorder& record_;
    shared_slots slots_;
    std::uint64_t runs_ = 0;
};

} // namespace cell
