// SPDX-License-Identifier: MIT
#include "database/server.hpp"

#include "database/empty_cluster.hpp"
#include "postgres/connection.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace database {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto time_to_start = 30s;
constexpr unsigned default_port = 5'432; ///< of a Unix socket: a part of its name

fs::path find_programs() {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (auto const& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
        found.push_back(version.path() / "bin");
    }
    std::sort(found.begin(), found.end());
    for (auto const* const folder : {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"}) {
        found.insert(found.begin(), folder);
    }
    for (auto folder = found.rbegin(); folder != found.rend(); ++folder) {
        if (fs::exists(*folder / "initdb") && fs::exists(*folder / "postgres")) return *folder;
    }
    throw no_server("PostgreSQL is not installed: sudo apt-get install postgresql");
}

passwd const& unprivileged_user() {
    if (::geteuid() != 0) return *::getpwuid(::geteuid());
    for (auto const* const name : {"postgres", "nobody"}) {
        if (auto const* const found = ::getpwnam(name)) return *found;
    }
    throw no_server("PostgreSQL refuses to run as root and there is neither a user postgres nor "
                    "nobody: run the suite as another user");
}

/// 128 bits that nobody can guess.
std::string random_word() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw no_server("the kernel gives no random bytes");
    }
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// PostgreSQL wants to be given a port. Should another program take this one first, it does not
/// start, and says so.
unsigned free_port(std::string const& address) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    socklen_t bytes = sizeof own;
    auto* const general = reinterpret_cast<sockaddr*>(&own);
    auto const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto const found = fd != -1 && ::inet_pton(AF_INET, address.c_str(), &own.sin_addr) == 1 &&
                       ::bind(fd, general, bytes) == 0 && ::getsockname(fd, general, &bytes) == 0;
    auto const error = errno;
    if (fd != -1) ::close(fd);
    if (found) return ntohs(own.sin_port);
    throw no_server(fmt::format("it cannot listen on {}: {}", address, std::strerror(error)));
}

std::string last_line(fs::path const& log) {
    std::ifstream file(log);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) last = line;
    }
    return last;
}

} // namespace

server::server(std::uint64_t connections, std::string address)
    : programs_(find_programs()), address_(std::move(address)) {
    if (!address_.empty()) {
        password_ = random_word();
        port_ = free_port(address_);
    }
    auto const& user = unprivileged_user();
    user_ = user.pw_uid;
    group_ = user.pw_gid;
    std::error_code error;
    auto pattern = (fs::temp_directory_path(error) / "switchyard-postgres-XXXXXX").string();
    if (error) {
        throw no_server(fmt::format("there is no folder of temporary files ({}): make it, or set "
                                    "TMPDIR to one that is there",
                                    error.message()));
    }
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw no_server(fmt::format("{}: {}", pattern, std::strerror(errno)));
    }
    folder_ = pattern;
    try {
        if (::chown(folder_.c_str(), user_, group_) == -1) {
            throw no_server(fmt::format("chown {}: {}", pattern, std::strerror(errno)));
        }
        start_from_cluster(connections);
    } catch (...) {
        stop();
        throw;
    }
}

server::~server() { stop(); }

std::string server::connection_string() const {
    return fmt::format("host={} port={} user=switchyard dbname=postgres connect_timeout=10",
                       folder_.string(), port_ == 0 ? default_port : port_);
}

std::string server::connection_string_for_models() const {
    if (address_.empty()) return connection_string();
    return fmt::format("host={} port={} user=switchyard password={} dbname=postgres "
                       "connect_timeout=10",
                       address_, port_, password_);
}

void server::start_from_cluster(std::uint64_t connections) {
    auto const version = programs_.parent_path().filename().string();
    empty_cluster const kept(fmt::format("{}-{}", version, user_));
    auto const data = folder_ / "data";
    if (kept.copy_to(data, user_, group_)) {
        try {
            start(connections);
            return;
        } catch (no_server const&) { // of another version, or damaged: a new one decides
            stop_server();
            kept.forget();
            fs::remove_all(data);
        }
    }
    run({programs_ / "initdb", "-D", data, "--no-sync", "--auth=trust", "--locale=C",
         "--encoding=UTF8", "--username=switchyard"});
    kept.keep(data);
    start(connections);
}

void server::start(std::uint64_t connections) {
    if (!address_.empty()) {
        std::ofstream rules(folder_ / "data" / "pg_hba.conf", std::ios::app);
        rules << "host all switchyard 0.0.0.0/0 scram-sha-256\n";
        if (!rules.flush()) throw no_server("pg_hba.conf cannot be written");
    }
    postmaster_ =
        spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-c",
               "listen_addresses=" + address_, "-c",
               fmt::format("port={}", port_ == 0 ? default_port : port_), "-c", "fsync=off", "-c",
               "full_page_writes=off", "-c", "autovacuum=off", "-c", "shared_buffers=32MB", "-c",
               fmt::format("max_connections={}", connections + 10)});
    auto const until = std::chrono::steady_clock::now() + time_to_start;
    for (;;) {
        try {
            static_cast<void>(postgres::connection::unprepared(connection_string()));
            if (!address_.empty()) ask_for_password();
            return;
        } catch (std::runtime_error const& error) {
            auto const ended = ::waitpid(postmaster_, nullptr, WNOHANG) == postmaster_;
            if (ended) postmaster_ = -1;
            if (ended || std::chrono::steady_clock::now() > until) {
                throw no_server(fmt::format("PostgreSQL does not start: {} ({})",
                                            last_line(folder_ / "log"), error.what()));
            }
        }
        std::this_thread::sleep_for(5ms);
    }
}

void server::ask_for_password() const {
    auto own = postgres::connection::unprepared(connection_string());
    own.execute(fmt::format("ALTER ROLE switchyard PASSWORD '{}'", password_));
}

void server::stop_server() noexcept {
    if (postmaster_ != -1) {
        ::kill(postmaster_, SIGQUIT); // the immediate shutdown, which takes the backends along
        while (::waitpid(postmaster_, nullptr, 0) == -1 && errno == EINTR) {
        }
        postmaster_ = -1;
    }
}

void server::stop() noexcept {
    stop_server();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void server::run(std::vector<std::string> const& command) const {
    auto const child = spawn(command);
    auto status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    if (status == 0) return;
    throw no_server(fmt::format("{} failed: {}; the folder for temporary files (TMPDIR) must be "
                                "open to the user {}",
                                command.front(), last_line(folder_ / "log"), user_));
}

pid_t server::spawn(std::vector<std::string> const& command) const {
    auto strings = command;
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (auto& string : strings) {
        pointers.push_back(string.data());
    }
    pointers.push_back(nullptr);
    auto const log = (folder_ / "log").string();
    auto const child = ::fork();
    if (child != 0) return child;
    auto const is_root = ::geteuid() == 0;
    if (is_root &&
        (::setgroups(0, nullptr) == -1 || ::setgid(group_) == -1 || ::setuid(user_) == -1)) {
        ::_exit(127);
    }
    // After the change of user, which would clear it.
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    auto const output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (output == -1 || ::dup2(output, 1) == -1 || ::dup2(output, 2) == -1) ::_exit(127);
    ::close_range(3, ~0u, 0);
    if (::chdir(folder_.c_str()) == -1) ::_exit(127);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
}

} // namespace database
