// SPDX-License-Identifier: MIT
#include "database/server.hpp"

#include "postgres/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace database {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto time_to_start = 30s;

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

std::string last_line(fs::path const& log) {
    std::ifstream file(log);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) last = line;
    }
    return last;
}

/// Held by one process at a time, until it ends or lets go.
class lock_file {
public:
    explicit lock_file(fs::path const& path)
        : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
        if (fd_ == -1 || ::flock(fd_, LOCK_EX) == -1) {
            throw no_server(fmt::format("{}: {}", path.string(), std::strerror(errno)));
        }
    }
    lock_file(lock_file const&) = delete;
    lock_file& operator=(lock_file const&) = delete;
    ~lock_file() { ::close(fd_); }

private:
    int fd_;
};

} // namespace

server::server(std::uint64_t connections) : programs_(find_programs()) {
    auto const& user = unprivileged_user();
    user_ = user.pw_uid;
    group_ = user.pw_gid;
    auto pattern = (fs::temp_directory_path() / "switchyard-postgres-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw no_server(fmt::format("{}: {}", pattern, std::strerror(errno)));
    }
    folder_ = pattern;
    try {
        if (::chown(folder_.c_str(), user_, group_) == -1) {
            throw no_server(fmt::format("chown {}: {}", pattern, std::strerror(errno)));
        }
        make_cluster();
        start(connections);
    } catch (...) {
        stop();
        throw;
    }
}

server::~server() { stop(); }

std::string server::where() const {
    return fmt::format("host={} user=switchyard dbname=postgres connect_timeout=10",
                       folder_.string());
}

/// initdb takes a second, a copy of its result a twentieth: an empty cluster is kept from one run
/// to the next, of this version and user.
void server::make_cluster() {
    auto const version = programs_.parent_path().filename().string();
    auto const kept =
        fs::temp_directory_path() / fmt::format("switchyard-postgres-empty-{}-{}", version, user_);
    lock_file const lock(kept.string() + ".lock");
    struct stat about {};
    auto const is_there = ::lstat(kept.c_str(), &about) == 0;
    if (is_there && (!S_ISDIR(about.st_mode) || about.st_uid != user_)) {
        throw no_server(fmt::format("{} belongs to somebody else: remove it", kept.string()));
    }
    if (!is_there) {
        auto const fresh = folder_ / "fresh";
        run({programs_ / "initdb", "-D", fresh, "--no-sync", "--auth=trust", "--locale=C",
             "--encoding=UTF8", "--username=switchyard"});
        run({"/bin/cp", "-a", fresh, kept.string() + ".part"});
        fs::remove_all(fresh);
        fs::rename(kept.string() + ".part", kept);
    }
    run({"/bin/cp", "-a", kept, folder_ / "data"});
}

void server::start(std::uint64_t connections) {
    postmaster_ = spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-c",
                         "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                         "autovacuum=off", "-c", "shared_buffers=32MB", "-c",
                         fmt::format("max_connections={}", connections + 10)});
    auto const until = std::chrono::steady_clock::now() + time_to_start;
    for (;;) {
        try {
            static_cast<void>(postgres::connection::unprepared(where()));
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

void server::stop() noexcept {
    if (postmaster_ != -1) {
        ::kill(postmaster_, SIGQUIT); // the immediate shutdown, which takes the backends along
        while (::waitpid(postmaster_, nullptr, 0) == -1 && errno == EINTR) {
        }
        postmaster_ = -1;
    }
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
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::close_range(3, ~0u, 0);
    if (::chdir(folder_.c_str()) == -1) ::_exit(127);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
}

} // namespace database
