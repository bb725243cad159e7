// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/descriptor.hpp"

#include <sys/types.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// asyncio.subprocess.
namespace siding::subprocess {

/// What becomes of a standard stream of a child.
struct redirection {
    enum class kind { inherit, pipe, devnull, standard_output, descriptor };
    kind target = kind::inherit;
    int fd = -1;
};
inline constexpr redirection inherit{};
inline constexpr redirection pipe{redirection::kind::pipe}; ///< our end is `process::input()` ...
inline constexpr redirection devnull{redirection::kind::devnull};
/// For `error` alone: where `output` goes.
inline constexpr redirection standard_output{redirection::kind::standard_output};
/// To a descriptor of ours, which stays ours.
[[nodiscard]] constexpr redirection to(int fd) noexcept {
    return {redirection::kind::descriptor, fd};
}

/// How a child is started. Has constructors because g++ 12.2 destroys a temporary aggregate twice
/// in the full expression of a co_await.
struct options {
    options(redirection in = inherit, redirection out = inherit, redirection err = inherit)
        : input(in), output(out), error(err) {}

    redirection input;
    redirection output;
    redirection error;
    std::optional<std::string> working_directory;
    std::optional<std::vector<std::string>> environment; ///< "NAME=value"; nullopt: as ours
    bool new_session = false;
    /// Descriptors of ours that the child has too, under the same numbers, which are not of its
    /// standard streams. They stay ours, and close-on-exec here. value_error for a number below 3.
    std::vector<int> pass_fds{};
};

namespace detail {
struct child;
}

/// asyncio.subprocess.Process: a handle to a child process, which is known by a descriptor of its
/// own and so never taken for another that got its number. When the last handle and the last
/// coroutine that uses the child are gone, it is killed if it still runs, and reaped.
/// For the thread of the loop that made it.
class process {
public:
    explicit process(std::shared_ptr<detail::child> of) noexcept : child_(std::move(of)) {}

    [[nodiscard]] pid_t pid() const noexcept;
    /// The exit status, -N if signal N killed it; nullopt while it runs. 255 if somebody else
    /// reaped it, as happens where SIGCHLD is ignored.
    [[nodiscard]] std::optional<int> returncode() const noexcept;

    /// Waits until it has ended; gives the returncode. Any number of tasks may wait. A cancelled
    /// wait leaves the child alone.
    [[nodiscard]] coroutine<int> wait() const;
    /// Writes `input` to its standard input and closes that, reads output and error (where they are
    /// pipes) to their ends at the same time, and waits. Throws value_error for input without a
    /// pipe. That the child does not read is no error.
    [[nodiscard]] coroutine<std::pair<std::string, std::string>>
    communicate(std::string input = {}) const;

    /// Throws std::system_error (ESRCH) once the child has been waited for.
    void send_signal(int number) const;
    void terminate() const; ///< SIGTERM
    void kill() const;      ///< SIGKILL

    /// Our ends of the pipes, non-blocking, for `siding::read` and `siding::write_all`; empty
    /// without a pipe. `reset()` closes one.
    [[nodiscard]] descriptor& input() const noexcept;
    [[nodiscard]] descriptor& output() const noexcept;
    [[nodiscard]] descriptor& error() const noexcept;

private:
    std::shared_ptr<detail::child> child_;
};

} // namespace siding::subprocess

namespace siding {

/// Starts a program: `arguments[0]` is looked for in PATH. All descriptors but the three standard
/// streams and `pass_fds` are closed in the child. Blocks until the program has been loaded, as
/// asyncio does (the child borrows our memory until then, so nothing is copied); resumes in place.
/// What keeps it from starting is thrown here, as std::system_error: ENOENT, EACCES, EMFILE, a
/// missing directory.
[[nodiscard]] coroutine<subprocess::process>
create_subprocess_exec(std::vector<std::string> arguments, subprocess::options options = {});

/// The same with the arguments one by one, which g++ 12.2 takes in a co_await, unlike a braced
/// list: `co_await create_subprocess_exec({subprocess::pipe}, "cat", "-n")`.
template <std::convertible_to<std::string>... Argument>
[[nodiscard]] coroutine<subprocess::process>
create_subprocess_exec(subprocess::options options, std::string program, Argument&&... arguments) {
    std::vector<std::string> all;
    all.reserve(1 + sizeof...(arguments));
    all.push_back(std::move(program));
    (all.emplace_back(std::forward<Argument>(arguments)), ...);
    return create_subprocess_exec(std::move(all), std::move(options));
}

/// The same with `/bin/sh -c command`.
[[nodiscard]] coroutine<subprocess::process>
create_subprocess_shell(std::string command, subprocess::options options = {});

} // namespace siding
