// SPDX-License-Identifier: MIT
// switchyard-agent: starts the other end of a cell where it runs. See docs/links.md.

#include "agent/call.hpp"
#include "agent/door.hpp"
#include "agent/interface.hpp"
#include "agent/line.hpp"
#include "agent/look.hpp"
#include "agent/session.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

namespace {

/// A descriptor that is readable when a child has ended.
proc::unique_fd watch_children() {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ended, nullptr);
    return proc::unique_fd(
        proc::checked(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

nlohmann::json hello(std::uint32_t address, std::uint16_t port) {
    utsname machine{};
    ::uname(&machine);
    return {{"schema", 1},
            {"port", port},
            {"host", machine.nodename},
            {"architecture", machine.machine},
            {"kernel", machine.release},
            {"boot_id", agent::boot_id()},
            {"interface", agent::interface_of(address)}};
}

/// Serves one visitor after the other until the launcher's end of standard input is closed.
class keeper {
public:
    keeper(agent::house const& around, std::string const& token)
        : around_(around), door_(around.address, token) {}

    [[nodiscard]] std::uint16_t port() const noexcept { return door_.port(); }

    void serve() {
        auto const children = watch_children();
        for (;;) {
            std::vector<pollfd> seen{{STDIN_FILENO, POLLIN, 0}, {children.get(), POLLIN, 0}};
            seen.push_back({current_ ? current_->watched() : -1, POLLRDHUP, 0});
            door_.watch(seen);
            if (::poll(seen.data(), seen.size(), door_.patience_ms()) == -1 && errno != EINTR) {
                proc::throw_errno("poll");
            }
            if (seen[0].revents != 0 && launcher_has_gone()) return;
            signalfd_siginfo ignored[8];
            while (::read(children.get(), ignored, sizeof ignored) > 0) {
            }
            if (current_ && seen[2].revents != 0) current_->peer_ended();
            for (auto& who : door_.look(seen)) {
                waiting_.push_back(std::move(who));
            }
            go_on();
        }
    }

private:
    /// It says nothing after the token.
    static bool launcher_has_gone() {
        char byte = 0;
        return ::read(STDIN_FILENO, &byte, 1) <= 0;
    }

    void go_on() {
        if (current_ && !current_->reap(false)) return;
        current_.reset();
        while (!current_ && !waiting_.empty()) {
            auto who = std::move(waiting_.front());
            waiting_.pop_front();
            current_ = std::make_unique<agent::session>(around_, std::move(who));
            if (current_->pid() == -1) current_.reset();
        }
    }

    agent::house around_;
    agent::door door_;
    std::unique_ptr<agent::session> current_;
    std::deque<agent::visitor> waiting_;
};

int serve(std::uint32_t address, std::string const& sources) {
    std::string token;
    std::getline(std::cin, token);
    if (token.size() < 16) {
        throw facts::usage_error("the first line of standard input must be a token of 16 "
                                 "characters at least");
    }
    ::signal(SIGPIPE, SIG_IGN);
    keeper all({.address = address, .source_options = sources}, token);
    std::cout << hello(address, all.port()).dump() << '\n' << std::flush;
    all.serve();
    return facts::exit_code::ok;
}

} // namespace

int main(int argc, char** argv) {
    std::string listen;
    std::string endpoint;
    std::string sources;
    CLI::App app{"Starts the load generator, a backend or a database for cells that ask with the "
                 "right token."};
    app.require_subcommand(1);
    auto* const served = app.add_subcommand(
        "serve", "until standard input ends, whose first line is the token; prints its port");
    auto* const looked = app.add_subcommand("look", "what the link to an agent is, as JSON");
    served->add_option("--listen", listen, "the only address on which it listens")->required();
    served->add_option("--source-addresses", sources, "FIRST+COUNT, for the load generator");
    looked->add_option("--address", listen, "of this end of the link")->required();
    looked->add_option("--agent", endpoint, "ADDRESS:PORT")->required();
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        auto const code = app.exit(error);
        return code == 0 ? 0 : facts::exit_code::usage;
    }
    try {
        if (served->parsed()) return serve(agent::parse_address("--listen", listen), sources);
        std::cout << agent::look(agent::parse_address("--address", listen), endpoint).dump()
                  << '\n';
        return facts::exit_code::ok;
    } catch (facts::usage_error const& error) {
        fmt::print(stderr, "switchyard-agent: {}\n", error.what());
        return facts::exit_code::usage;
    } catch (std::exception const& error) {
        fmt::print(stderr, "switchyard-agent: {}\n", error.what());
        return facts::exit_code::harness;
    }
}
