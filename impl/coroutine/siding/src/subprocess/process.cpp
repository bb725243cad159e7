// SPDX-License-Identifier: MIT
#include "siding/gather.hpp"
#include "siding/io/socket.hpp"
#include "siding/task.hpp"
#include "subprocess/child.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <system_error>

namespace siding::subprocess {

namespace detail {

namespace {

int send(int pidfd, int number) noexcept {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0));
}

} // namespace

child::~child() {
    if (pid < 0 || poll()) return;
    send(pidfd.get(), SIGKILL);
    reap(WEXITED); // blocks, but what was killed ends at once
}

bool child::poll() noexcept {
    if (!returncode) reap(WEXITED | WNOHANG);
    return returncode.has_value();
}

void child::reap(int flags) noexcept {
    siginfo_t info{};
    int result = 0;
    do {
        result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, flags);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        returncode = reaped_by_others;
    } else if (info.si_pid != 0) {
        returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    }
}

namespace {

using owner = std::shared_ptr<child>;

coroutine<int> wait(owner of) {
    auto const held = co_await of->waiting.scoped();
    while (!of->poll()) {
        co_await readable(of->pidfd.get());
    }
    co_return *of->returncode;
}

coroutine<> feed(owner to, std::string input) {
    if (!to->input) co_return;
    try {
        co_await write_all(to->input.get(), std::as_bytes(std::span(input)));
    } catch (std::system_error const& error) {
        if (error.code() != std::errc::broken_pipe) throw; // it need not read all
    }
    to->input.reset();
}

coroutine<std::string> read_to_end([[maybe_unused]] owner keeps, descriptor& from) {
    std::string all;
    if (!from) co_return all;
    std::array<std::byte, 64 * 1024> buffer; // what a pipe holds
    while (true) {
        auto const count = co_await read(from.get(), buffer);
        if (count == 0) break;
        all.append(reinterpret_cast<char const*>(buffer.data()), count);
    }
    from.reset();
    co_return all;
}

coroutine<std::pair<std::string, std::string>> communicate(owner with, std::string input) {
    if (!input.empty() && !with->input) throw value_error("there is no pipe for the input");
    auto feeding = feed(with, std::move(input));
    auto reading_output = read_to_end(with, with->output);
    auto reading_error = read_to_end(with, with->error);
    auto all =
        co_await gather(std::move(feeding), std::move(reading_output), std::move(reading_error));
    auto ending = wait(with);
    co_await std::move(ending);
    std::pair<std::string, std::string> both(std::move(std::get<1>(all)),
                                             std::move(std::get<2>(all)));
    co_return both;
}

} // namespace
} // namespace detail

pid_t process::pid() const noexcept { return child_->pid; }

std::optional<int> process::returncode() const noexcept {
    child_->poll();
    return child_->returncode;
}

coroutine<int> process::wait() const { return detail::wait(child_); }

coroutine<std::pair<std::string, std::string>> process::communicate(std::string input) const {
    return detail::communicate(child_, std::move(input));
}

void process::send_signal(int number) const {
    if (detail::send(child_->pidfd.get(), number) != 0) {
        throw std::system_error(errno, std::generic_category(), "pidfd_send_signal");
    }
}

void process::terminate() const { send_signal(SIGTERM); }
void process::kill() const { send_signal(SIGKILL); }

descriptor& process::input() const noexcept { return child_->input; }
descriptor& process::output() const noexcept { return child_->output; }
descriptor& process::error() const noexcept { return child_->error; }

} // namespace siding::subprocess

namespace siding {

coroutine<subprocess::process> create_subprocess_exec(std::vector<std::string> arguments,
                                                      subprocess::options options) {
    auto made = std::make_shared<subprocess::detail::child>();
    subprocess::detail::start(*made, arguments, options);
    co_return subprocess::process(std::move(made));
}

coroutine<subprocess::process> create_subprocess_shell(std::string command,
                                                       subprocess::options options) {
    std::vector<std::string> arguments;
    for (auto const* each : {"/bin/sh", "-c"}) {
        arguments.emplace_back(each);
    }
    arguments.push_back(std::move(command));
    return create_subprocess_exec(std::move(arguments), std::move(options));
}

} // namespace siding
