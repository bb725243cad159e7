// SPDX-License-Identifier: MIT
#pragma once

#include "cell/counts.hpp"
#include "cell/job.hpp"
#include "cell/session_watch.hpp"
#include "proc/process_tree.hpp"
#include "rig/rig.hpp"

#include <benchmark/benchmark.h>
#include <memory>
#include <optional>

namespace cell {

/// The load generator and the descriptors between it and a server.
class client_rig {
public:
    client_rig(setting const& where, std::string const& workload, nlohmann::json const& params);

    [[nodiscard]] int listen_fd() const noexcept { return listener_.socket.get(); }
    [[nodiscard]] int stop_fd() const noexcept { return stop_.read.get(); }
    [[nodiscard]] pid_t pid() const noexcept { return program_->pid(); }

    /// The server is made: connect.
    void go();

    /// Waits for its end. Its report.
    [[nodiscard]] nlohmann::json finish();

private:
    listener listener_ = make_listener();
    pipe_ends stop_ = make_pipe();
    pipe_ends go_ = make_pipe();
    report_file report_;
    std::optional<helper_program> program_;
};

/// The load generator's report in the fields of a sample.
[[nodiscard]] nlohmann::json sample_fields(nlohmann::json const& report);
[[nodiscard]] judgement judge_client(nlohmann::json const& report);
[[nodiscard]] std::uint64_t threads_under_load(nlohmann::json const& report);
[[nodiscard]] oracle::served seen_by_client(nlohmann::json const& report);

/// A server serves once in its life: make, run, destroy for every iteration.
template <class W>
class server_measurement {
public:
    server_measurement(job<W>& what, benchmark::State& state, recorder& record)
        : job_(what), state_(state), record_(record) {}

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
        auto const make = contract::maker_of<W>(*job_.where.cell);
        // Destroyed after the load generator, which thereby stops it, should something throw.
        std::unique_ptr<contract::session<W>> session;
        client_rig client(job_.where, std::string(W::name), job_.where.identity["params"]);
        session_watch watch(job_.where, job_.most_extra_threads(), {client.pid()});
        contract::environment const environment{
            .limits = job_.limits(), .listen_fd = client.listen_fd(), .stop_fd = client.stop_fd()};
        contract::probe probe;
        typename W::outcome outcome;
        nlohmann::json fields{{"iteration", job_.iterations_done++}};
        fields["make_ns"] = timed([&] { session = make(job_.params, environment); });
        client.go();
        fields["started_ns"] = monotonic_ns();
        auto const counted_before = read_counts();
        auto const served_ns = timed([&] { outcome = session->run(probe); });
        fields.update(counted_between(counted_before, read_counts()));
        auto found = watch.check_threads();
        fields.update(watch.memory_and_threads());
        fields["destroy_ns"] = timed([&] { session.reset(); });
        auto const report = client.finish();
        fields.update(sample_fields(report));
        // The load generator counted under load; beside an auditor it would count that one, too.
        if (found.verdict == verdict::ok && !job_.where.given().audit &&
            !proc::sanitizer_adds_threads) {
            found = watch.check_count(threads_under_load(report));
        }
        if (auto const judged = judge_client(report); judged.verdict != verdict::ok) {
            // A wrong answer says more than the crowd that gave it.
            if (found.verdict == verdict::ok || is_failure(judged.verdict)) found = judged;
        }
        if (!is_failure(found.verdict)) {
            auto wrong = job_.rules.check(
                job_.params, job_.seed(), job_.expected(), outcome,
                {.slots = {}, .run_ns = served_ns, .client = seen_by_client(report)});
            if (!wrong.empty()) found = {verdict::wrong, std::move(wrong)};
        }
        recorder one(job_.where);
        one.add(fields, found);
        if (!is_failure(found.verdict)) {
            watch.check_leaks(one, [&] { make(job_.params, environment).reset(); });
        }
        record_.take(std::move(one));
        return fields.value("run_ns", std::uint64_t{0});
    }

    job<W>& job_;
    benchmark::State& state_;
    recorder& record_;
};

} // namespace cell
