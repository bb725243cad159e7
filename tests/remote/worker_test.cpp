// SPDX-License-Identifier: MIT
// The harness's end of docs/worker-protocol.md, with workers of a few lines of shell.
#include "remote/worker.hpp"

#include "contract/model.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

using remote::line;
using remote::worker;
using testing::HasSubstr;

namespace {

remote::command shell(std::string const& script) {
    return {.program = "/bin/sh", .arguments = {"-c", script}};
}

/// What is thrown by `body`, as `Error`; anything else is a failure of the test.
template <class Error, class Body>
std::string thrown(Body&& body) {
    try {
        body();
    } catch (Error const& e) {
        return e.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

constexpr auto ready = "echo ready protocol=1; ";

} // namespace

TEST(worker, asks_and_gets_an_answer) {
    worker asked(shell(std::string(ready) + "read verb words; echo made $verb $words; read end"));
    auto const answer = asked.ask(line("make").add("seed", std::uint64_t{3}), "made");
    EXPECT_EQ(answer.rest(), "make seed=3");
}

TEST(worker, a_refusal_is_the_exception_that_it_means) {
    auto const refused = [](std::string const& answer) {
        return [answer] {
            worker asked(shell(ready + ("read line; echo '" + answer + "'; read end")));
            asked.ask(line("make"), "made");
        };
    };
    EXPECT_EQ(thrown<contract::declined_error>(refused("declined too many")), "too many");
    EXPECT_EQ(thrown<contract::skipped_error>(refused("skipped no uvloop")), "no uvloop");
    EXPECT_EQ(thrown<std::runtime_error>(refused("failed bad luck")), "bad luck");
    EXPECT_EQ(thrown<std::runtime_error>(refused("failed")), "the worker gave no reason");
    EXPECT_THAT(thrown<remote::line_error>(refused("Listening on port 80...")),
                HasSubstr("'Listening on port 80...' where 'made' was due"));
    EXPECT_THAT(thrown<remote::line_error>(refused("")), HasSubstr("without a verb"));
}

TEST(worker, its_end_in_the_midst_is_told_with_the_cause) {
    auto const ends = [](std::string const& how) {
        return thrown<std::runtime_error>([&] {
            worker asked(shell(ready + ("read line; " + how)));
            asked.ask(line("run"), "ran");
        });
    };
    EXPECT_EQ(ends("exit 3"), "the worker exited with 3");
    EXPECT_EQ(ends("kill -SEGV $$"), "the worker was killed by Segmentation fault");
    EXPECT_EQ(ends("exec 1>&-; exec sleep 600"), "the worker did not end and was killed");
}

TEST(worker, one_that_is_silent_or_no_worker_is_told_so) {
    using namespace std::chrono_literals;
    EXPECT_THAT(thrown<std::runtime_error>([] { worker mute(shell("exec sleep 600"), 300ms); }),
                HasSubstr("said nothing in 0.3 s; it must begin with the line 'ready protocol=1'"));
    EXPECT_THAT(
        thrown<remote::line_error>([] { worker newer(shell("echo ready protocol=2; read a")); }),
        HasSubstr("'ready protocol=2' where 'ready protocol=1' was due"));
    EXPECT_THAT(thrown<std::runtime_error>(
                    [] { worker endless(shell("exec cat /dev/zero | tr '\\0' x")); }),
                HasSubstr("a line of more than 65536 bytes"));
    EXPECT_THAT(thrown<remote::start_error>([] {
                    worker none({"/nowhere/worker", {}});
                }),
                HasSubstr("/nowhere/worker cannot be started: No such file"));
}

TEST(worker, a_session_that_cannot_be_stopped_is_found_afterwards) {
    worker good(shell(std::string(ready) + "read line; echo stopped; read end"));
    good.stop();
    EXPECT_NO_THROW(good.check());
    worker bad(shell(std::string(ready) + "read line; echo failed to join; read end"));
    bad.stop();
    EXPECT_EQ(thrown<std::runtime_error>([&] { bad.check(); }), "when it was to stop: to join");
}

TEST(worker, one_that_works_is_killed_and_not_asked_to_stop) {
    worker busy(shell(std::string(ready) + "exec sleep 600"));
    busy.send(line("run"));
    busy.stop();
    EXPECT_EQ(::kill(busy.pid(), 0), -1) << "it still runs";
}

TEST(worker, inherits_what_it_is_given_and_nothing_else) {
    // Numbers that no shell uses itself.
    auto const given = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200);
    auto const kept = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200);
    ASSERT_NE(given, -1);
    ASSERT_NE(kept, -1);
    auto launch = shell(std::string(ready) + "read line; echo listed $(ls /proc/$$/fd); read end");
    launch.inherited = {given};
    worker asked(launch);
    auto const listed = " " + std::string(asked.ask(line("list"), "listed").rest()) + " ";
    EXPECT_THAT(listed, HasSubstr(" " + std::to_string(given) + " "));
    EXPECT_THAT(listed, testing::Not(HasSubstr(" " + std::to_string(kept) + " ")));
    ::close(given);
    ::close(kept);
}

TEST(output_of, is_what_a_program_prints_until_it_ends_well) {
    using namespace std::chrono_literals;
    EXPECT_EQ(remote::output_of(shell("echo a; echo b"), 20s), "a\nb\n");
    EXPECT_THAT(thrown<std::runtime_error>(
                    [] { static_cast<void>(remote::output_of(shell("echo a; exit 2"), 20s)); }),
                HasSubstr("exited with 2"));
    EXPECT_THAT(thrown<std::runtime_error>(
                    [] { static_cast<void>(remote::output_of(shell("exec sleep 600"), 200ms)); }),
                HasSubstr("did not end and was killed"));
}
