// SPDX-License-Identifier: MIT
#include "siding/io/connection_options.hpp"
#include "siding/io/getaddrinfo.hpp"
#include "siding/io/socket.hpp"
#include "siding/sleep.hpp"
#include "siding/task.hpp"
#include "siding/wait.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

namespace siding {

namespace {

coroutine<stream> attempt(endpoint to, std::optional<endpoint> local, std::size_t limit_bytes) {
    descriptor socket(
        sys::use().socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) throw std::system_error(errno, std::generic_category(), "socket");
    if (local && ::bind(socket.get(), local->data(), local->size()) != 0) {
        throw std::system_error(errno, std::generic_category(), "bind to " + local->host());
    }
    co_await siding::connect(socket.get(), to.data(), to.size());
    co_return stream_of(std::move(socket), limit_bytes);
}

/// _interleave_addrinfos: a few of the first family, then one of each family in turn.
std::vector<endpoint> interleaved(std::vector<endpoint> const& addresses, std::size_t first) {
    std::vector<std::vector<endpoint>> families;
    for (auto const& each : addresses) {
        auto const same = std::find_if(families.begin(), families.end(), [&](auto const& family) {
            return family.front().family() == each.family();
        });
        (same == families.end() ? families.emplace_back() : *same).push_back(each);
    }
    std::vector<endpoint> ordered;
    std::vector<std::size_t> taken(families.size());
    auto const take = [&](std::size_t family) {
        if (taken[family] < families[family].size()) {
            ordered.push_back(families[family][taken[family]++]);
        }
    };
    for (std::size_t i = 1; i < first; ++i) {
        take(0);
    }
    while (ordered.size() < addresses.size()) {
        for (std::size_t family = 0; family < families.size(); ++family) {
            take(family);
        }
    }
    return ordered;
}

/// The first error, or all of them in its message if they differ; as asyncio.
std::exception_ptr combined(std::vector<std::exception_ptr> const& errors) {
    std::vector<std::system_error> all;
    std::string text = "Multiple exceptions: ";
    bool same = true;
    for (auto const& each : errors) {
        try {
            std::rethrow_exception(each);
        } catch (std::system_error const& failed) {
            text += (all.empty() ? "" : ", ") + std::string(failed.what());
            all.push_back(failed);
        } catch (...) {
            return each; // no refusal of the kernel: it comes first
        }
        same = same && all.back().code() == all.front().code();
    }
    if (same) return errors.front();
    return std::make_exception_ptr(std::system_error(all.front().code(), text));
}

/// The attempts that are under way. The next begins when the one before it has failed, or has had
/// its time; the first that succeeds wins.
class race {
public:
    race(std::vector<endpoint> addresses, connection_options const& options)
        : addresses_(std::move(addresses)), options_(options) {}

    [[nodiscard]] bool is_lost() const noexcept {
        return running_.empty() && next_ == addresses_.size();
    }
    void begin_next() {
        auto const& to = addresses_[next_++];
        running_.push_back(create_task(attempt(to, options_.local, options_.limit_bytes)));
        latest_ = running_.back().core();
        latest_failed_ = false;
        due_ = options_.happy_eyeballs_delay
                   ? std::optional(loop::running().time() + *options_.happy_eyeballs_delay)
                   : std::nullopt;
    }
    [[nodiscard]] bool is_next_due() const {
        if (next_ == addresses_.size()) return false;
        return running_.empty() || latest_failed_ || (due_ && loop::running().time() >= *due_);
    }
    [[nodiscard]] std::optional<duration> patience() const {
        if (next_ == addresses_.size() || !due_) return std::nullopt;
        return *due_ - loop::running().time();
    }
    [[nodiscard]] std::vector<task<stream>> const& running() const noexcept { return running_; }
    /// Takes those out that have ended; the winner if there is one.
    [[nodiscard]] std::optional<stream> take_ended() {
        std::optional<stream> winner;
        std::erase_if(running_, [&](task<stream> const& each) {
            if (!each.done()) return false;
            if (each.cancelled()) {
                errors_.push_back(std::make_exception_ptr(cancelled_error()));
            } else if (auto error = each.exception()) {
                errors_.push_back(std::move(error));
                latest_failed_ = latest_failed_ || each.core() == latest_;
            } else if (!winner) {
                winner = each.result();
            }
            return true;
        });
        return winner;
    }
    void cancel() const {
        for (auto const& each : running_) {
            each.cancel();
        }
    }
    [[nodiscard]] std::exception_ptr error() const { return combined(errors_); }

private:
    std::vector<endpoint> addresses_;
    connection_options options_;
    std::size_t next_ = 0;
    std::vector<task<stream>> running_;
    void const* latest_ = nullptr; ///< to begin; only compared
    bool latest_failed_ = false;
    std::optional<time_point> due_;
    std::vector<std::exception_ptr> errors_;
};

coroutine<std::optional<stream>> run_race(race& of) {
    std::optional<stream> winner;
    while (!winner && !of.is_lost()) {
        if (of.is_next_due()) of.begin_next();
        auto waiting = wait(of.running(), of.patience(), FIRST_COMPLETED);
        static_cast<void>(co_await std::move(waiting));
        winner = of.take_ended();
    }
    co_return winner;
}

/// Cancels what still runs, and waits for its end.
coroutine<> end_race(race& of) {
    of.cancel();
    while (!of.running().empty()) {
        auto waiting = wait(of.running());
        static_cast<void>(co_await std::move(waiting));
        static_cast<void>(of.take_ended()); // a second winner is closed here
    }
}

} // namespace

coroutine<stream> open_connection(std::vector<endpoint> addresses, connection_options options) {
    auto const delayed = options.happy_eyeballs_delay.has_value();
    if (options.local) {
        std::erase_if(addresses, [&](endpoint const& each) {
            return each.family() != options.local->family();
        });
    }
    if (addresses.empty()) {
        throw std::system_error(EADDRNOTAVAIL, std::generic_category(),
                                options.local ? "no matching local address with family found"
                                              : "no address to connect to");
    }
    if (auto const first = options.interleave.value_or(delayed ? 1 : 0); first != 0) {
        addresses = interleaved(addresses, first);
    }
    race attempts(std::move(addresses), options);
    std::exception_ptr cancelled;
    std::optional<stream> winner;
    try {
        auto running = run_race(attempts);
        winner = co_await std::move(running);
    } catch (...) {
        cancelled = std::current_exception();
    }
    auto ending = end_race(attempts);
    co_await std::move(ending);
    if (cancelled) std::rethrow_exception(cancelled);
    if (!winner) std::rethrow_exception(attempts.error());
    co_return *std::move(winner);
}

coroutine<stream> open_connection(std::string host, std::uint16_t port,
                                  connection_options options) {
    resolution_options how;
    how.family = options.family;
    auto asked = getaddrinfo(std::move(host), std::to_string(port), how);
    auto addresses = co_await std::move(asked);
    auto connecting = open_connection(std::move(addresses), options);
    co_return co_await std::move(connecting);
}

} // namespace siding
