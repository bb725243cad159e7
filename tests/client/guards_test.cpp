// SPDX-License-Identifier: MIT
#include "client/guards.hpp"

#include "client/report.hpp"

#include <gtest/gtest.h>

namespace {

constexpr std::uint64_t reply_ns = 1'000'000;
constexpr std::uint64_t replies_a_connection = 1'000;

client::load closed_load() {
    client::load asked;
    asked.connections = 4;
    asked.messages = asked.connections * replies_a_connection;
    return asked;
}
client::load open_load() {
    auto asked = closed_load();
    asked.rate_per_s = 4'000;
    return asked;
}

/// Four connections, each always busy for a second.
client::measured sound() {
    auto const asked = closed_load();
    client::measured seen;
    seen.expected = seen.sent = seen.received = asked.messages;
    seen.window_ns = replies_a_connection * reply_ns;
    seen.half_at_ns = seen.window_ns / 2;
    seen.connection_ns = seen.latency_sum_ns = asked.messages * reply_ns;
    seen.own_cpu_ns = seen.window_ns / 10;
    seen.server.known = true;
    seen.server.used.busiest_thread_ns = seen.window_ns / 2;
    for (std::uint32_t connection = 0; connection < asked.connections; ++connection) {
        seen.served.push_back(replies_a_connection);
        for (std::uint64_t i = 0; i < replies_a_connection; ++i) {
            seen.latency.record(reply_ns);
            seen.service.record(reply_ns);
            seen.send_lag.record(100);
            seen.reply_of.push_back(connection);
            seen.reply_ns.push_back(reply_ns);
        }
    }
    return seen;
}

std::vector<std::string> broken_guards(client::judgement const& judged) {
    std::vector<std::string> names;
    for (auto const& [name, guard] : judged.guards.items()) {
        if (!guard["ok"].get<bool>()) names.push_back(name);
    }
    return names;
}

using names = std::vector<std::string>;

std::string_view verdict_of(client::load const& asked, client::measured const& seen) {
    return name_of(client::judge(asked, seen).found.verdict);
}

/// Exactly this guard is broken, and it decides.
void expect_trips(client::load const& asked, client::measured const& seen, std::string const& guard,
                  std::string const& verdict, std::string const& explanation) {
    auto const judged = client::judge(asked, seen);
    EXPECT_EQ(broken_guards(judged), names{guard});
    EXPECT_EQ(name_of(judged.found.verdict), verdict);
    EXPECT_NE(judged.found.reason.find(explanation), std::string::npos) << judged.found.reason;
}

TEST(guards, pass_a_sound_window) {
    for (auto const& asked : {closed_load(), open_load()}) {
        auto const judged = client::judge(asked, sound());
        EXPECT_EQ(broken_guards(judged), names{});
        EXPECT_EQ(name_of(judged.found.verdict), "ok");
        EXPECT_EQ(judged.found.reason, "");
        EXPECT_EQ(judged.guards.size(), 7u);
    }
}

TEST(guards, an_open_loop_that_ends_long_after_its_last_arrival_is_overloaded) {
    auto seen = sound();
    seen.last_arrival_ns = seen.window_ns * 94 / 100;
    expect_trips(open_load(), seen, "achieved_rate", "overloaded", "94 %");
    seen.last_arrival_ns = seen.window_ns * 96 / 100;
    EXPECT_EQ(verdict_of(open_load(), seen), "ok");
}

TEST(guards, the_generators_own_time_between_messages_is_no_contradiction) {
    auto seen = sound();
    seen.connection_ns += seen.connection_ns / 2;
    seen.think_ns = seen.connection_ns - seen.latency_sum_ns;
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
}

TEST(guards, a_server_whose_threads_share_the_load_counts_as_busy) {
    auto seen = sound();
    seen.own_cpu_ns = seen.window_ns * 95 / 100;
    seen.server.used.busiest_thread_ns = seen.window_ns / 50;
    seen.server.used.cpu_ns = seen.window_ns * 92 / 100;
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
    seen.server.cpus = 2;
    EXPECT_EQ(verdict_of(closed_load(), seen), "rig_limited");
}

TEST(guards, littles_law_finds_time_that_no_latency_accounts_for) {
    auto seen = sound();
    seen.latency_sum_ns = seen.connection_ns * 97 / 100;
    expect_trips(closed_load(), seen, "littles_law", "unstable", "3.1 %");
    // Latencies that are too long contradict the connections just as much.
    seen.latency_sum_ns = seen.connection_ns * 103 / 100;
    expect_trips(closed_load(), seen, "littles_law", "unstable", "2.9 %");
    seen.latency_sum_ns = seen.connection_ns * 99 / 100;
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
}

TEST(guards, littles_law_is_for_closed_loops) {
    auto seen = sound();
    seen.latency_sum_ns /= 2;
    auto const judged = client::judge(open_load(), seen);
    EXPECT_EQ(name_of(judged.found.verdict), "ok");
    EXPECT_TRUE(judged.guards["littles_law"]["value"].is_null());
}

TEST(guards, a_missing_reply_is_wrong) {
    auto seen = sound();
    --seen.received;
    expect_trips(closed_load(), seen, "sent_received", "wrong", "sent 4000 messages");
}

TEST(guards, a_late_generator_limits) {
    auto seen = sound();
    for (int i = 0; i < 200; ++i) { // 5 %
        seen.send_lag.record(80'000);
    }
    expect_trips(open_load(), seen, "send_lag", "rig_limited", "p99 80 us");
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
}

TEST(guards, a_lag_that_is_small_beside_the_latency_does_not_matter) {
    auto seen = sound();
    seen.latency = {};
    seen.latency.record(10'000'000);
    for (int i = 0; i < 200; ++i) {
        seen.send_lag.record(80'000);
    }
    EXPECT_EQ(verdict_of(open_load(), seen), "ok");
}

TEST(guards, a_starved_connection_is_wrong) {
    auto seen = sound();
    seen.served = {0, 2'000, 1'000, 1'000};
    expect_trips(closed_load(), seen, "every_connection", "wrong", "only 3 of 4");
}

TEST(guards, fewer_messages_than_connections_starve_nobody) {
    auto asked = closed_load();
    asked.messages = 2;
    client::measured seen;
    seen.expected = seen.sent = seen.received = 2;
    seen.served = {1, 1, 0, 0};
    EXPECT_EQ(verdict_of(asked, seen), "ok");
}

TEST(guards, a_client_busier_than_the_server_limits) {
    auto seen = sound();
    seen.own_cpu_ns = seen.window_ns * 9 / 10;
    expect_trips(closed_load(), seen, "client_share", "rig_limited", "90 %");
    // With both saturated it was the server that was measured.
    seen.server.used.busiest_thread_ns = seen.window_ns * 95 / 100;
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
    // Nobody knows how busy an unwatched server was.
    seen.server.known = false;
    expect_trips(closed_load(), seen, "client_share", "rig_limited", "90 %");
}

TEST(guards, an_open_loop_may_wait_awake) {
    auto seen = sound();
    seen.own_cpu_ns = seen.window_ns;
    seen.awake_ns = seen.window_ns / 2;
    EXPECT_EQ(verdict_of(open_load(), seen), "ok");
    // What it computed is guarded as in a closed loop.
    seen.awake_ns = seen.window_ns / 10;
    expect_trips(open_load(), seen, "client_share", "rig_limited", "90 %");
    seen.server.used.busiest_thread_ns = seen.window_ns * 95 / 100;
    EXPECT_EQ(verdict_of(open_load(), seen), "ok");
}

TEST(guards, halves_that_differ_are_unstable) {
    auto seen = sound();
    seen.half_at_ns = seen.window_ns * 6 / 10;
    expect_trips(closed_load(), seen, "stationary", "unstable", "50 %");
    seen.half_at_ns = seen.window_ns * 4 / 10;
    expect_trips(closed_load(), seen, "stationary", "unstable", "33 %");
    seen.received = seen.sent = 999; // too few to say
    EXPECT_EQ(verdict_of(closed_load(), seen), "ok");
}

TEST(guards, the_gravest_contradiction_decides) {
    // Everything is wrong at once; each step takes the gravest away.
    auto asked = closed_load();
    auto seen = sound();
    seen.stopped_early = "it stopped";
    seen.mismatched = 1;
    seen.how = client::measured::end::vanished;
    --seen.received;
    seen.served = {0, 1, 1, 1};
    seen.latency_sum_ns /= 2;
    seen.own_cpu_ns = seen.window_ns;
    seen.half_at_ns = seen.window_ns * 9 / 10;
    auto const verdict = [&] { return verdict_of(asked, seen); };
    auto const reason = [&] { return client::judge(asked, seen).found.reason; };
    EXPECT_EQ(verdict(), "wrong");
    EXPECT_EQ(reason(), "it stopped");
    seen.mismatched = 0;
    EXPECT_EQ(verdict(), "crashed");
    EXPECT_EQ(reason(), "it stopped");
    seen.how = client::measured::end::timed_out;
    EXPECT_EQ(verdict(), "timeout");
    seen.how = client::measured::end::overloaded;
    EXPECT_EQ(verdict(), "overloaded");
    seen.how = client::measured::end::completed;
    EXPECT_EQ(verdict(), "wrong");
    EXPECT_NE(reason().find("received 3999"), std::string::npos) << reason();
    ++seen.received;
    EXPECT_NE(reason().find("only 3 of 4"), std::string::npos) << reason();
    seen.served = {1, 1, 1, 1};
    EXPECT_EQ(verdict(), "rig_limited");
    seen.own_cpu_ns = 0;
    EXPECT_EQ(verdict(), "unstable");
    EXPECT_NE(reason().find("Little"), std::string::npos) << reason();
    seen.latency_sum_ns = seen.connection_ns;
    EXPECT_EQ(verdict(), "unstable");
    EXPECT_NE(reason().find("halves"), std::string::npos) << reason();
    seen.half_at_ns = seen.window_ns / 2;
    EXPECT_EQ(verdict(), "ok");
}

TEST(guards, late_sends_weigh_more_than_a_drift) {
    auto seen = sound();
    seen.send_lag.record(100);
    for (int i = 0; i < 200; ++i) {
        seen.send_lag.record(80'000);
    }
    seen.half_at_ns = seen.window_ns * 9 / 10;
    EXPECT_EQ(verdict_of(open_load(), seen), "rig_limited");
}

double jain_of(std::vector<std::uint64_t> served) {
    auto seen = sound();
    seen.served = std::move(served);
    return client::judge(closed_load(), seen).fairness["jain"].get<double>();
}

TEST(fairness, jains_index_is_one_for_equals_and_one_nth_for_a_single_favourite) {
    EXPECT_DOUBLE_EQ(jain_of({5, 5, 5, 5}), 1.0);
    EXPECT_DOUBLE_EQ(jain_of({20, 0, 0, 0}), 0.25);
    EXPECT_DOUBLE_EQ(jain_of({10, 10, 0, 0}), 0.5);
    EXPECT_DOUBLE_EQ(jain_of({1, 2, 3, 4}), 100.0 / (4 * 30));
    EXPECT_DOUBLE_EQ(jain_of({0, 0, 0, 0}), 0.0);
}

TEST(fairness, counts_the_served_and_names_the_extremes) {
    auto seen = sound();
    seen.served = {0, 7, 3, 9};
    auto const fairness = client::judge(closed_load(), seen).fairness;
    EXPECT_EQ(fairness["served"], 3);
    EXPECT_EQ(fairness["least"], 0);
    EXPECT_EQ(fairness["most"], 9);
}

TEST(fairness, the_worst_p99_is_that_of_one_connection) {
    client::measured seen;
    seen.served = {2'000, 2'000, 1'999};
    // Interleaved and descending: the quantile must sort by connection.
    for (std::uint64_t i = 2'000; i > 0; --i) {
        for (std::uint32_t connection = 0; connection < 3; ++connection) {
            if (connection == 2 && i == 1) continue; // one short of 20 / (1 - 0.99): left out
            seen.reply_of.push_back(connection);
            seen.reply_ns.push_back(i * (connection == 0 ? 1 : connection == 1 ? 10 : 1'000));
        }
    }
    EXPECT_EQ(client::judge(closed_load(), seen).fairness["worst_p99_ns"], 19'800);
}

TEST(fairness, no_connection_with_enough_replies_has_no_worst_p99) {
    EXPECT_TRUE(client::judge(closed_load(), sound()).fairness["worst_p99_ns"].is_null());
}

TEST(report, has_every_field_even_if_the_load_never_began) {
    client::measured seen;
    seen.how = client::measured::end::timed_out;
    seen.stopped_early = "why";
    auto const report = client::report(closed_load(), seen);
    for (auto const* const field :
         {"schema", "window_ns", "sent", "received", "errors", "mismatched", "connections",
          "bytes_sent", "bytes_received", "warm_up_bytes", "latency", "service", "send_lag",
          "client", "fairness", "server", "guards", "verdict", "reason"}) {
        EXPECT_TRUE(report.contains(field)) << field;
    }
    for (auto const* const field : {"served", "least", "most", "jain", "worst_p99_ns"}) {
        EXPECT_TRUE(report["fairness"].contains(field)) << field;
    }
    EXPECT_TRUE(report["server"].is_null());
    EXPECT_EQ(report["verdict"], "timeout");
    EXPECT_EQ(report["reason"], "why");
}

} // namespace
