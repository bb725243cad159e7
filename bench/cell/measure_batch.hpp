// SPDX-License-Identifier: MIT
#pragma once

#include "cell/counts.hpp"
#include "cell/fresh_process.hpp"
#include "cell/job.hpp"
#include "cell/session_watch.hpp"
#include "cell/shared_slots.hpp"
#include "proc/memory_looks.hpp"
#include "proc/usage.hpp"
#include "rig/data_file.hpp"
#include "rig/database_rig.hpp"
#include "rig/output_folder.hpp"
#include "rig/rig.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <memory>
#include <optional>

namespace cell {

/// The backend of a client workload, up from before `make` until after `destroy`.
class backend_rig {
public:
    /// `service`: what it serves; `options`: the params that it is told.
    backend_rig(setting const& where, std::string_view service,
                std::span<std::string_view const> options);

    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port; }
    [[nodiscard]] pid_t pid() const noexcept { return program_->pid(); }

    /// Stops it. Its report.
    [[nodiscard]] nlohmann::json finish();

private:
    listener listener_ = make_listener();
    pipe_ends stop_ = make_pipe();
    report_file report_;
    std::optional<helper_program> program_;
};

/// `rig_limited` if it was the backend that was measured.
[[nodiscard]] judgement judge_backend(nlohmann::json const& report);

/// A session that runs several times: make, warm up, run, destroy.
template <class W>
class batch_measurement {
public:
    batch_measurement(job<W>& what, benchmark::State& state, recorder& record)
        : job_(what), state_(state), record_(record), slots_(job_.rules.slots(job_.params)) {}

    void run() {
        std::optional<backend_rig> backend;
        std::vector<pid_t> rig;
        contract::environment environment{.limits = job_.limits()};
        if constexpr (W::role == contract::role::client) {
            backend.emplace(job_.where, W::backend, W::backend_options);
            rig.push_back(backend->pid());
            environment.backend_port = backend->port();
        }
        std::optional<data_file> file;
        if constexpr (requires { W::reads_file; }) {
            auto const& params = job_.params;
            file.emplace(job_.seed(), params.block_bytes, params.file_bytes, params.direct == 1);
            environment.file_path = file->path().c_str();
        }
        if constexpr (requires { W::writes_files; }) {
            output_.emplace();
            environment.output_folder = output_->path().c_str();
        }
        std::optional<database_rig> database;
        if constexpr (requires { W::queries_database; }) {
            database.emplace(job_.where, job_.params.rows, job_.params.connections);
            environment.database = database->where().c_str();
        }
        session_watch watch(job_.where, job_.most_extra_threads(), rig);
        auto const make = [&](typename W::params const& params,
                              contract::environment const& around) {
            if constexpr (contract::is_in_fresh_process<W>) {
                return start_afresh(job_.where, params, around, slots_.all());
            } else {
                return contract::maker_of<W>(*job_.where.cell)(params, around);
            }
        };
        std::unique_ptr<contract::session<W>> session;
        auto const make_ns = timed([&] { session = make(job_.params, environment); });
        iterate(*session, watch);
        auto const destroy_ns = timed([&] { session.reset(); });
        record_.set("make_ns", make_ns);
        record_.set("destroy_ns", destroy_ns);
        if (!is_failure(record_.worst().verdict)) {
            watch.check_leaks(record_, [&] {
                auto const again = make(job_.params, environment);
                contract::probe probe(slots_.all());
                ++runs_;
                static_cast<void>(again->run(probe));
            });
        }
        // After a failure something may hold the backend's pipe; it is killed instead.
        if (backend && !is_failure(record_.worst().verdict)) judge(backend->finish());
        if (database && !is_failure(record_.worst().verdict)) {
            judge_asked({.requests = database->finish(), .most_in_flight = 0});
        }
    }

private:
    void iterate(contract::session<W>& session, session_watch& watch) {
        auto const& given = job_.where.given();
        auto const warm_up = contract::is_looked_at<W> ? 0 : given.warm_up;
        for (std::uint64_t i = 0; i < warm_up; ++i) {
            once(session, watch, {{"warm", true}, {"iteration", i}});
            if (is_failure(record_.worst().verdict)) return;
        }
        for ([[maybe_unused]] auto _ : state_) {
            auto const run_ns =
                once(session, watch, {{"warm", false}, {"iteration", job_.iterations_done++}});
            state_.SetIterationTime(static_cast<double>(run_ns) / 1e9);
            if (is_failure(record_.worst().verdict)) {
                state_.SkipWithError(record_.worst().reason.c_str());
                break;
            }
        }
    }

    std::uint64_t once(contract::session<W>& session, session_watch& watch, nlohmann::json fields) {
        auto const& expected = job_.expected();
        auto const& rig = watch.rig();
        slots_.clear();
        if (output_) output_->empty();
        std::optional<proc::memory_looks> looks;
        if constexpr (contract::is_looked_at<W>) {
            auto const steps = W::steps(job_.params);
            looks.emplace(std::vector<std::uint64_t>(steps.begin(), steps.end()),
                          slots_.all().last(W::looks + 1));
        }
        contract::probe probe(slots_.all(), looks ? &*looks : nullptr);
        typename W::outcome outcome;
        auto const before = proc::read_usage(proc::edge::opening, rig);
        auto const counted_before = read_counts();
        auto const started_ns = monotonic_ns();
        auto run_ns = timed([&] { outcome = session.run(probe); });
        auto const counted_after = read_counts();
        auto const after = proc::read_usage(proc::edge::closing, rig);
        ++runs_;
        if (looks) run_ns -= std::min(run_ns - 1, looks->spent_ns());
        judgement found = watch.check_threads();
        auto wrong = job_.rules.check(job_.params, job_.seed(), expected, outcome,
                                      {.slots = slots_.all(),
                                       .run_ns = run_ns,
                                       .client = {},
                                       .output_folder = output_ ? output_->path() : ""});
        if (!wrong.empty()) found = {verdict::wrong, std::move(wrong)};
        fields.update(proc::usage_between(before, after));
        fields.update(counted_between(counted_before, counted_after));
        fields.update(watch.memory_and_threads());
        fields["run_ns"] = run_ns;
        fields["started_ns"] = started_ns;
        if (looks) {
            fields["waiting"] = looks->report();
            // They cannot be told from those of the harness that looked.
            for (auto const* field :
                 {"cpu_ns", "user_ns", "system_ns", "busiest_thread_ns", "system_calls"}) {
                fields[field] = nullptr;
            }
            record_.add(fields, found);
            return run_ns;
        }
        fields["latency"] = latency_of(slots_.all(), [&](std::uint64_t i) {
            return job_.rules.nominal_ns(job_.params, job_.seed(), i);
        });
        record_.add(fields, found);
        return run_ns;
    }

    void judge(nlohmann::json const& report) {
        record_.set("backend", report);
        auto const right =
            judge_asked({.requests = report.value("requests", std::uint64_t{0}),
                         .most_in_flight = report.value("most_in_flight", std::uint64_t{0})});
        if (!right) return;
        if (auto marked = judge_backend(report); marked.verdict != verdict::ok) {
            record_.judge_all(marked);
        }
    }

    /// False if what the other side saw is wrong.
    bool judge_asked(oracle::asked const& seen) {
        auto wrong = job_.rules.check_asked(job_.params, runs_, seen);
        if (wrong.empty()) return true;
        record_.judge_all({verdict::wrong, std::move(wrong)});
        return false;
    }

    job<W>& job_;
    benchmark::State& state_;
    recorder& record_;
    shared_slots slots_;
    std::optional<output_folder> output_;
    std::uint64_t runs_ = 0;
};

} // namespace cell
