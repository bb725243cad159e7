// SPDX-License-Identifier: MIT
#include "client/edges.hpp"

#include <gtest/gtest.h>

namespace {

/// Each field has a number of its own.
client::server_usage all_known() {
    client::server_usage seen;
    seen.known = true;
    seen.used = {.cpu_ns = 1,
                 .user_ns = 2,
                 .system_ns = 3,
                 .busiest_thread_ns = 4,
                 .working_threads = 5,
                 .voluntary_switches = 6,
                 .involuntary_switches = 7,
                 .minor_faults = 8,
                 .major_faults = 9,
                 .run_delay_ns = 10};
    seen.taken = {.stolen = 0.25, .by_foreign_programs = 0.5};
    seen.threads = 11;
    seen.processes = 12;
    seen.rss_bytes = 13;
    seen.pss_bytes = 14;
    return seen;
}

TEST(edges, say_on_the_way_to_another_host_what_they_say_here) {
    auto const said = to_json(all_known());
    for (auto const& [name, value] : said.items()) {
        EXPECT_FALSE(value.is_null()) << name;
    }
    EXPECT_EQ(to_json(client::usage_from(said)), said);
}

TEST(edges, leave_unknown_what_is_not_known) {
    auto seen = all_known();
    seen.used.busiest_thread_ns.reset();
    seen.used.voluntary_switches.reset();
    seen.taken = {};
    seen.rss_bytes.reset();
    auto const said = to_json(seen);
    EXPECT_EQ(to_json(client::usage_from(said)), said);
    EXPECT_FALSE(client::usage_from(nullptr).known);
    EXPECT_TRUE(to_json(client::usage_from(nullptr)).is_null());
}

} // namespace
