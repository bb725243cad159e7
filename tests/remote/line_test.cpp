// SPDX-License-Identifier: MIT
#include "remote/line.hpp"

#include "contract/workloads/channel.hpp"
#include "contract/workloads/echo.hpp"
#include "oracle/all.hpp"
#include "remote/request.hpp"

#include <gtest/gtest.h>
#include <limits>

using remote::line;
using remote::line_error;

TEST(line, has_a_verb_and_words_in_any_order) {
    auto const parsed = line::parse("ran sum=7 joined=18446744073709551615");
    EXPECT_EQ(parsed.verb(), "ran");
    EXPECT_EQ(parsed.number("joined"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(parsed.number("sum"), 7u);
    EXPECT_FALSE(parsed.find("su"));
    EXPECT_EQ(line::parse("stopped").verb(), "stopped");
    EXPECT_EQ(line::parse("stopped").rest(), "");
}

TEST(line, text_of_any_bytes_comes_through) {
    std::string text;
    for (int byte = 0; byte < 256; ++byte) {
        text += static_cast<char>(byte);
    }
    auto const sent = line("make").add("file_path", text).add("seed", std::uint64_t{1}).text();
    for (auto const c : sent) {
        EXPECT_TRUE(c >= ' ' && c < '\x7f') << static_cast<int>(c);
    }
    EXPECT_EQ(line::parse(sent).find("file_path"), text);
    EXPECT_EQ(line::parse(sent).number("seed"), 1u);
}

TEST(line, what_cannot_be_read_is_an_error) {
    EXPECT_THROW(static_cast<void>(line::parse("")), line_error);
    EXPECT_THROW(static_cast<void>(line::parse(" ran")), line_error);
    for (auto const* const bad : {"ran", "ran n=", "ran n=-1", "ran n=1.0", "ran n=1e3", "ran n=1 ",
                                  "ran n=18446744073709551616", "ran n= 1", "ran m=1"}) {
        if (std::string(bad) == "ran n=1 ") continue; // a space too many at the end is none
        EXPECT_THROW(static_cast<void>(line::parse(bad).number("n")), line_error) << bad;
    }
    for (auto const* const bad : {"ran n=%", "ran n=%4", "ran n=%4g", "ran n=%%41"}) {
        EXPECT_THROW(static_cast<void>(line::parse(bad).find("n")), line_error) << bad;
    }
}

TEST(line, an_excerpt_is_short_and_obeys_no_terminal) {
    EXPECT_EQ(remote::excerpt("a\x1b[2J\tb\x7f"), "a?[2J?b?");
    EXPECT_EQ(remote::printable("\xc2\x9b"
                                "31m \xc3\xa9"),
              "\xc2?31m \xc3\xa9");
    EXPECT_LT(remote::excerpt(std::string(1'000, 'x')).size(), 100u);
}

TEST(request, names_what_the_worker_needs) {
    auto const cpus = std::array{0, 3};
    contract::echo::environment around;
    around.limits = {.workers = 2, .cpus = cpus, .seed = 9};
    around.listen_fd = 5;
    around.stop_fd = 7;
    auto const request = remote::make_request<contract::echo>({.connections = 8, .messages = 100},
                                                              around, {.slots_fd = 6, .slots = 50});
    EXPECT_EQ(request.verb(), "make");
    EXPECT_EQ(request.number("workers"), 2u);
    EXPECT_EQ(request.find("cpus"), "0,3");
    EXPECT_EQ(request.number("seed"), 9u);
    EXPECT_EQ(request.number("slots"), 50u);
    EXPECT_EQ(request.number("slots_fd"), 6u);
    EXPECT_EQ(request.number("listen_fd"), 5u);
    EXPECT_EQ(request.number("stop_fd"), 7u);
    EXPECT_EQ(request.number("param.connections"), 8u);
    for (auto const& field : contract::echo::fields) {
        EXPECT_TRUE(request.find("param." + std::string(field.name))) << field.name;
    }
}

TEST(outcome, is_read_by_the_names_of_the_contract) {
    auto const outcome =
        remote::outcome_from<contract::channel>(line::parse("ran most_queued=3 taken=1 digest=2"));
    EXPECT_EQ(outcome, (contract::channel::outcome{.taken = 1, .digest = 2, .most_queued = 3}));
    EXPECT_THROW(static_cast<void>(remote::outcome_from<contract::channel>(
                     line::parse("ran most_queued=3 taken=1"))),
                 line_error);
}

/// A field that two names lead to, or none, would pass for another.
TEST(outcome, of_every_workload_has_a_name_for_each_field) {
    oracle::all_workloads::for_each([]<class W>(std::type_identity<W>) {
        std::string words = "ran";
        std::uint64_t value = 1;
        for (auto const& field : W::outcome_fields) {
            words += " " + std::string(field.name) + "=" + std::to_string(value++);
        }
        auto const outcome = remote::outcome_from<W>(line::parse(words));
        std::uint64_t expected = 1;
        for (auto const& field : W::outcome_fields) {
            EXPECT_EQ(outcome.*field.member, expected++) << W::name << " " << field.name;
        }
    });
}
