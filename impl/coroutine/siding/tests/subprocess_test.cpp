// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <system_error>

using namespace siding_test;
namespace subprocess = siding::subprocess;

namespace {

using arguments = std::vector<std::string>;

/// No child is left either, not even as a zombie.
class processes : public backend_test {
protected:
    void TearDown() override {
        backend_test::TearDown();
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
        EXPECT_EQ(errno, ECHILD);
    }
};
INSTANTIATE_TEST_SUITE_P(, processes, every_backend, backend_name);

siding::coroutine<int> shell(std::string command) {
    auto const child = co_await siding::create_subprocess_shell(std::move(command));
    auto const code = co_await child.wait();
    EXPECT_EQ(child.returncode(), code);
    co_return code;
}

TEST_P(processes, end_with_a_status_or_minus_their_signal) {
    EXPECT_EQ(run(shell("exit 0")), 0);
    EXPECT_EQ(run(shell("exit 7")), 7);
    EXPECT_EQ(run(shell("kill -TERM $$")), -SIGTERM);
    EXPECT_EQ(run(shell("kill -KILL $$")), -SIGKILL);
}

subprocess::options in_directory(std::string path) {
    subprocess::options how;
    how.working_directory = std::move(path);
    return how;
}
subprocess::options with_environment(std::string only) {
    subprocess::options how;
    how.environment = arguments(1, std::move(only));
    return how;
}
subprocess::options in_a_session_of_its_own() {
    subprocess::options how;
    how.new_session = true;
    return how;
}

/// The error that keeps a program from starting.
siding::coroutine<int> error_of(arguments command, subprocess::options how = {}) {
    int error = 0;
    try {
        co_await siding::create_subprocess_exec(std::move(command), std::move(how));
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    co_return error;
}

TEST_P(processes, that_cannot_start_are_an_error_of_the_call) {
    EXPECT_EQ(run(error_of({"/nowhere/at/all"})), ENOENT);
    EXPECT_EQ(run(error_of({"/etc/passwd"})), EACCES);
    EXPECT_EQ(run(error_of({"true"}, in_directory("/nowhere"))), ENOENT);
    EXPECT_EQ(run(error_of({"true"}, {subprocess::pipe, subprocess::to(-1)})), EBADF);
    EXPECT_THROW(run(error_of({})), siding::value_error);
    EXPECT_THROW(run(error_of({"true"}, {subprocess::inherit, subprocess::standard_output})),
                 siding::value_error);
}

int no_more_descriptors(pid_t, unsigned) {
    errno = EMFILE;
    return -1;
}
int no_more_pipes(int*, int) {
    errno = EMFILE;
    return -1;
}

TEST_P(processes, leave_nothing_behind_when_descriptors_run_out) {
    auto calls = siding::sys::real();
    calls.pidfd_open = no_more_descriptors; // the child runs already
    {
        siding::sys::replacement const here(calls);
        EXPECT_EQ(run(error_of({"sleep", "1000"}, {subprocess::pipe})), EMFILE);
    }
    calls = siding::sys::real();
    calls.pipe = no_more_pipes;
    siding::sys::replacement const here(calls);
    EXPECT_EQ(run(error_of({"sleep", "1000"}, {subprocess::pipe})), EMFILE);
}

siding::coroutine<> through_cat(std::size_t bytes) {
    auto const child =
        co_await siding::create_subprocess_exec({subprocess::pipe, subprocess::pipe}, "cat");
    std::string sent(bytes, 'x');
    auto const [output, error] = co_await child.communicate(sent);
    EXPECT_EQ(output, sent);
    EXPECT_EQ(error, "");
    EXPECT_EQ(child.returncode(), 0);
    EXPECT_FALSE(child.input());
    EXPECT_FALSE(child.output());
}

TEST_P(processes, communicate_carries_more_than_pipes_hold_both_ways) {
    run(through_cat(0));
    run(through_cat(1 << 20));
}

siding::coroutine<std::pair<std::string, std::string>>
ask(std::string command, subprocess::options how, std::string input = {}) {
    auto const child = co_await siding::create_subprocess_shell(std::move(command), std::move(how));
    auto both = co_await child.communicate(std::move(input));
    co_return both;
}

TEST_P(processes, get_the_streams_they_were_promised) {
    auto const pipe = subprocess::pipe;
    using strings = std::pair<std::string, std::string>;
    EXPECT_EQ(run(ask("echo out; echo err >&2", {subprocess::inherit, pipe, pipe})),
              strings("out\n", "err\n"));
    EXPECT_EQ(run(ask("echo err >&2", {subprocess::inherit, pipe, subprocess::standard_output})),
              strings("err\n", ""));
    EXPECT_EQ(run(ask("cat; echo lost >&2", {subprocess::devnull, pipe, subprocess::devnull})),
              strings("", ""));
    EXPECT_EQ(run(ask("cat", {pipe, pipe}, "in")), strings("in", ""));
    siding::descriptor const null(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(run(ask("head -c 3 | tr '\\0' z", {subprocess::to(null.get()), pipe})),
              strings("zzz", ""));
    EXPECT_THROW(run(ask("true", {}, "input without a pipe")), siding::value_error);
}

TEST_P(processes, see_the_directory_environment_and_descriptors_they_were_given) {
    auto const output = [this](std::string command, subprocess::options how) {
        how.output = subprocess::pipe;
        return run(ask(std::move(command), std::move(how))).first;
    };
    EXPECT_EQ(output("pwd", in_directory("/")), "/\n");
    EXPECT_EQ(output("echo $A-$HOME", with_environment("A=b")), "b-\n");
    EXPECT_EQ(
        output("test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leads", in_a_session_of_its_own()),
        "leads\n");
    EXPECT_EQ(output("test $(cut -d' ' -f6 /proc/$$/stat) = $$ || echo follows", {}), "follows\n");
    // One that is not close-on-exec stays here all the same.
    int const leaky = ::open("/dev/null", O_RDONLY);
    EXPECT_EQ(output("ls /proc/self/fd | wc -l", {}), "4\n"); // 0, 1, 2 and the folder
    ::close(leaky);
}

TEST_P(processes, that_do_not_read_are_no_error_and_no_signal) {
    using strings = std::pair<std::string, std::string>;
    EXPECT_EQ(run(ask("exec 0<&-; echo done", {subprocess::pipe, subprocess::pipe},
                      std::string(1 << 20, 'x'))),
              strings("done\n", ""));
}

siding::coroutine<> cancel_one_of_two_waits() {
    auto const child =
        co_await siding::create_subprocess_exec({subprocess::pipe, subprocess::devnull}, "cat");
    EXPECT_EQ(child.returncode(), std::nullopt);
    auto const first = siding::create_task(child.wait());
    auto const second = siding::create_task(child.wait());
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    first.cancel();
    co_await siding::gather(siding::return_exceptions, first);
    EXPECT_TRUE(first.cancelled());
    EXPECT_EQ(child.returncode(), std::nullopt) << "a cancelled wait leaves the child alone";
    child.terminate();
    auto const code = co_await second;
    EXPECT_EQ(code, -SIGTERM);
    auto const again = co_await child.wait();
    EXPECT_EQ(again, -SIGTERM);
    try {
        child.kill();
        ADD_FAILURE() << "a signal to a child that is gone";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), ESRCH);
    }
}

TEST_P(processes, can_be_waited_for_by_many_and_signalled) { run(cancel_one_of_two_waits()); }

siding::coroutine<> give_up_communicating() {
    auto const child =
        co_await siding::create_subprocess_exec({subprocess::pipe, subprocess::pipe}, "cat");
    auto const talk = siding::create_task(child.communicate(std::string(1 << 20, 'x')));
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    talk.cancel();
    co_await siding::gather(siding::return_exceptions, talk);
    EXPECT_TRUE(talk.cancelled());
    EXPECT_EQ(child.returncode(), std::nullopt);
}

TEST_P(processes, that_are_dropped_while_they_run_are_killed_and_reaped) {
    run(give_up_communicating());
    auto const leave = []() -> siding::coroutine<subprocess::process> {
        auto child = co_await siding::create_subprocess_exec(
            {subprocess::inherit, subprocess::pipe}, "sleep", "1000");
        co_return child;
    };
    auto const outlives_the_loop = run(leave());
    EXPECT_EQ(outlives_the_loop.returncode(), std::nullopt);
}

siding::coroutine<> many(int count) {
    for (int i = 0; i < count; ++i) {
        auto const child =
            co_await siding::create_subprocess_exec({subprocess::pipe, subprocess::pipe}, "true");
        auto const code = co_await child.wait();
        EXPECT_EQ(code, 0);
    }
}

TEST_P(processes, one_after_another_leave_nothing_behind) { run(many(300)); }

TEST_P(processes, are_lost_but_not_waited_for_for_ever_where_children_are_ignored) {
    std::signal(SIGCHLD, SIG_IGN); // the kernel reaps them
    EXPECT_EQ(run(shell("exit 3")), 255);
    std::signal(SIGCHLD, SIG_DFL);
}

siding::coroutine<> pass_descriptors() {
    int both[2];
    EXPECT_EQ(::pipe2(both, O_CLOEXEC), 0);
    siding::descriptor const end(both[0]);
    siding::descriptor other(both[1]);
    siding::descriptor const high(::fcntl(other.get(), F_DUPFD_CLOEXEC, 40));
    siding::subprocess::options how(siding::subprocess::inherit, siding::subprocess::pipe);
    how.pass_fds = {high.get(), end.get(), high.get()};
    auto const list = co_await siding::create_subprocess_exec(
        how, "/bin/sh", "-c",
        "n=0; while [ $n -lt 64 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done");
    auto const said = co_await list.communicate();
    std::vector<int> numbers;
    std::istringstream text(said.first);
    for (int number = 0; text >> number;) {
        numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, (std::vector{0, 1, 2, end.get(), high.get()}));
    EXPECT_EQ(::fcntl(high.get(), F_GETFD), FD_CLOEXEC) << "here it is as it was";
    how.pass_fds = {1};
    try {
        static_cast<void>(co_await siding::create_subprocess_exec(how, "true"));
        ADD_FAILURE() << "a standard stream";
    } catch (siding::value_error const&) {
    }
    other.reset();
    how.pass_fds = {both[1]};
    try {
        static_cast<void>(co_await siding::create_subprocess_exec(how, "true"));
        ADD_FAILURE() << "not open";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), EBADF);
    }
}

TEST_P(processes, have_the_descriptors_that_are_passed_and_no_others) { run(pass_descriptors()); }

} // namespace
