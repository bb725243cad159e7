// SPDX-License-Identifier: MIT
#include "subprocess/child.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/sys.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace siding::subprocess::detail {

namespace {

[[noreturn]] void fail(int error, std::string const& action) {
    throw std::system_error(error, std::generic_category(), action);
}

/// The child's descriptors 0 to 2 are set one after another: what they are to be made of must not
/// be one of them.
descriptor above_standard(descriptor from) {
    if (from.get() > STDERR_FILENO) return from;
    descriptor moved(::fcntl(from.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!moved) fail(errno, "dup");
    return moved;
}

/// A pipe: our end, non-blocking, and the child's.
std::pair<descriptor, descriptor> make_pipe(bool child_reads) {
    int both[2];
    if (sys::use().pipe(both, O_CLOEXEC) != 0) fail(errno, "pipe2");
    descriptor read_end(both[0]);
    descriptor write_end(both[1]);
    auto& ours = child_reads ? write_end : read_end;
    auto& theirs = child_reads ? read_end : write_end;
    // Only our end: the mode belongs to the open file, and the child expects to block.
    if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) fail(errno, "fcntl");
    return {std::move(ours), above_standard(std::move(theirs))};
}

class file_actions {
public:
    file_actions() { check(::posix_spawn_file_actions_init(&all_)); }
    file_actions(file_actions const&) = delete;
    file_actions& operator=(file_actions const&) = delete;
    ~file_actions() { ::posix_spawn_file_actions_destroy(&all_); }

    void copy(int from, int to) { check(::posix_spawn_file_actions_adddup2(&all_, from, to)); }
    void open(char const* path, int flags, int to) {
        check(::posix_spawn_file_actions_addopen(&all_, to, path, flags, 0));
    }
    void enter(char const* directory) {
        check(::posix_spawn_file_actions_addchdir_np(&all_, directory));
    }
    void close_from(int first) { check(::posix_spawn_file_actions_addclosefrom_np(&all_, first)); }
    void close(int fd) { check(::posix_spawn_file_actions_addclose(&all_, fd)); }
    [[nodiscard]] posix_spawn_file_actions_t const* get() const noexcept { return &all_; }

private:
    static void check(int error) {
        if (error != 0) fail(error, "posix_spawn_file_actions");
    }
    posix_spawn_file_actions_t all_;
};

class attributes {
public:
    explicit attributes(bool new_session) {
        if (auto const error = ::posix_spawnattr_init(&all_); error != 0) {
            fail(error, "posix_spawnattr");
        }
        // What a program that ignores SIGPIPE starts is not to ignore it: most expect to die by it.
        sigset_t defaults;
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        ::sigaddset(&defaults, SIGXFSZ);
        ::posix_spawnattr_setsigdefault(&all_, &defaults);
        auto const flags = POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
        ::posix_spawnattr_setflags(&all_, static_cast<short>(flags));
    }
    attributes(attributes const&) = delete;
    attributes& operator=(attributes const&) = delete;
    ~attributes() { ::posix_spawnattr_destroy(&all_); }

    [[nodiscard]] posix_spawnattr_t const* get() const noexcept { return &all_; }

private:
    posix_spawnattr_t all_;
};

/// One of the child's standard streams: what is done for it in the child, and our end of its pipe.
/// The child's end must stay open until it has started.
struct stream {
    descriptor ours;
    descriptor theirs;
};

stream redirect(file_actions& actions, redirection how, int number) {
    stream made;
    switch (how.target) {
    case redirection::kind::inherit:
        break;
    case redirection::kind::devnull:
        actions.open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY, number);
        break;
    case redirection::kind::standard_output:
        if (number != STDERR_FILENO) throw value_error("only the error stream can follow output");
        actions.copy(STDOUT_FILENO, STDERR_FILENO);
        break;
    case redirection::kind::pipe: {
        auto [ours, theirs] = make_pipe(number == STDIN_FILENO);
        made = {std::move(ours), std::move(theirs)};
        actions.copy(made.theirs.get(), number);
        break;
    }
    case redirection::kind::descriptor:
        made.theirs = descriptor(::fcntl(how.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        if (!made.theirs) fail(errno, "redirection to descriptor " + std::to_string(how.fd));
        actions.copy(made.theirs.get(), number);
        break;
    }
    return made;
}

/// Before anything is opened, which might get the number of one that is not open.
void expect_open(std::vector<int> const& passed) {
    for (int const fd : passed) {
        if (fd <= STDERR_FILENO) throw value_error("pass_fds are descriptors from 3 on");
        if (::fcntl(fd, F_GETFD) < 0) fail(errno, "pass_fds: descriptor " + std::to_string(fd));
    }
}

/// Closes all but the standard streams and those that are passed on.
void close_all_but(file_actions& actions, std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    int next = STDERR_FILENO + 1;
    for (int const fd : kept) {
        for (; next < fd; ++next) {
            actions.close(next); // one that is not open is no error
        }
        actions.copy(fd, fd); // to itself: takes close-on-exec away, in the child alone
        next = fd + 1;
    }
    actions.close_from(next);
}

using siding::detail::c_string;

/// As exec wants them; the strings, each of which is a `name`, must outlive it.
std::vector<char*> pointers(std::vector<std::string> const& strings, char const* name) {
    std::vector<char*> all;
    all.reserve(strings.size() + 1);
    for (auto const& each : strings) {
        all.push_back(const_cast<char*>(c_string(each, name)));
    }
    all.push_back(nullptr);
    return all;
}

} // namespace

void start(child& made, std::vector<std::string> const& arguments, options const& how) {
    if (arguments.empty()) throw value_error("a program needs a name");
    expect_open(how.pass_fds);
    file_actions actions;
    auto input = redirect(actions, how.input, STDIN_FILENO);
    auto output = redirect(actions, how.output, STDOUT_FILENO);
    auto error = redirect(actions, how.error, STDERR_FILENO);
    if (how.working_directory) actions.enter(c_string(*how.working_directory, "directory"));
    close_all_but(actions, how.pass_fds);
    attributes const attribute(how.new_session);
    auto const argv = pointers(arguments, "argument");
    auto const given =
        how.environment ? pointers(*how.environment, "environment") : std::vector<char*>{};
    auto* const* const envp = how.environment ? given.data() : ::environ;

    pid_t pid = -1;
    auto const failed = ::posix_spawnp(&pid, argv[0], actions.get(), attribute.get(), argv.data(),
                                       const_cast<char**>(envp));
    if (failed != 0) fail(failed, "cannot start " + arguments[0]);

    // The number cannot have been given to another yet: only we reap the child.
    made.pidfd = descriptor(sys::use().pidfd_open(pid, 0));
    if (!made.pidfd && errno == ESRCH) {
        // It has ended, and the kernel has reaped it: who ignores SIGCHLD learns no more.
        made.returncode = reaped_by_others;
    } else if (!made.pidfd) {
        auto const why = errno;
        ::kill(pid, SIGKILL);
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        fail(why, "pidfd_open");
    }
    made.pid = pid;
    made.input = std::move(input.ours);
    made.output = std::move(output.ours);
    made.error = std::move(error.ours);
}

} // namespace siding::subprocess::detail
