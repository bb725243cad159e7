// SPDX-License-Identifier: MIT
#include "agent/session.hpp"

#include "agent/call.hpp"
#include "agent/line.hpp"
#include "proc/cpus.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace agent {
namespace {

std::string executable_of(std::string const& program) {
    for (auto const* const known : {"client", "database"}) {
        if (program != known) continue;
        auto const path = std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                          fmt::format("switchyard-{}", program);
        if (::access(path.c_str(), X_OK) == 0) return path.string();
        throw unreachable(fmt::format("{} is missing there: build the target switchyard-{}",
                                      path.string(), program));
    }
    throw unreachable(fmt::format("there is no program '{}'", program));
}

/// What the agent adds: the descriptor of the control connection, and the addresses.
std::vector<std::string> own_arguments(house const& around, std::string const& program, int fd) {
    auto const number = std::to_string(fd);
    if (program == "client") {
        std::vector<std::string> words{"--go-fd", number, "--edges-fd", number};
        if (!around.source_options.empty()) {
            words.insert(words.end(), {"--source-addresses", around.source_options});
        }
        return words;
    }
    std::vector<std::string> words{
        "--listen", address_text(around.address), "--stop-fd", number, "--report-fd", number};
    if (program == "database") words.emplace_back("--stay");
    return words;
}

/// Sends back what comes, until the other side has enough: this measures the link.
[[noreturn]] void echo(int fd) {
    std::array<char, 4096> some;
    for (;;) {
        auto const bytes = ::recv(fd, some.data(), some.size(), 0);
        if (bytes <= 0) ::_exit(0);
        if (::send(fd, some.data(), static_cast<std::size_t>(bytes), MSG_NOSIGNAL) < 0) ::_exit(0);
    }
}

struct command {
    std::vector<std::string> strings; ///< none: `echo`
    std::vector<int> cpus;
};

command read(house const& around, nlohmann::json const& request, int fd) {
    command found;
    auto const program = request.at("program").get<std::string>();
    // Its CPUs are a place on this machine only if the asker is on it.
    if (request.at("boot_id").get<std::string>() == boot_id()) {
        found.cpus = request.at("cpus").get<std::vector<int>>();
    }
    if (program == "round-trip") return found;
    found.strings.push_back(executable_of(program));
    for (auto const& word : request.at("arguments")) {
        found.strings.push_back(word.get<std::string>());
    }
    for (auto& word : own_arguments(around, program, fd)) {
        found.strings.push_back(std::move(word));
    }
    return found;
}

[[noreturn]] void become(command const& order, int fd, bool stops_by_itself) {
    if (!stops_by_itself) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    try {
        if (!order.cpus.empty()) proc::pin_to(order.cpus);
    } catch (std::exception const&) {
        // In a container CPUs may be numbered that it may not use: the kernel then places it.
    }
    if (order.strings.empty()) echo(fd);
    ::fcntl(fd, F_SETFD, 0);
    std::vector<char*> pointers;
    for (auto const& string : order.strings) {
        pointers.push_back(const_cast<char*>(string.c_str()));
    }
    pointers.push_back(nullptr);
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
}

} // namespace

session::session(house const& around, visitor who) : connection_(std::move(who.connection)) {
    auto const fd = connection_.get();
    command order;
    try {
        order = read(around, who.request, fd);
        stops_by_itself_ = who.request["program"] == "database";
    } catch (std::exception const& error) {
        static_cast<void>(say(fd, {{"schema", 1}, {"refused", error.what()}}));
        return;
    }
    // Before the program can say something itself.
    if (!say(fd, {{"schema", 1}, {"started", true}})) return;
    auto const child = ::fork();
    if (child == -1) ::shutdown(fd, SHUT_RDWR); // whoever asked sees that it ends
    if (child == 0) become(order, fd, stops_by_itself_);
    pid_ = child;
}

session::~session() {
    if (pid_ == -1) return;
    ::shutdown(connection_.get(), SHUT_RDWR);
    peer_ended();
    static_cast<void>(reap(true));
}

void session::peer_ended() noexcept {
    ended_ = true;
    if (pid_ != -1 && !stops_by_itself_) ::kill(pid_, SIGKILL);
}

bool session::reap(bool wait) noexcept {
    if (pid_ == -1) return true;
    pid_t ended = 0;
    do {
        ended = ::waitpid(pid_, nullptr, wait ? 0 : WNOHANG);
    } while (ended == -1 && errno == EINTR);
    if (ended == 0) return false;
    pid_ = -1;
    return true;
}

} // namespace agent
