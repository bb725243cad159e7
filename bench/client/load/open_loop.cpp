// SPDX-License-Identifier: MIT
#include "client/clock.hpp"
#include "client/load/driver.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

namespace client {

namespace {

/// Closer arrivals are waited for awake: a sleep would overshoot.
constexpr std::uint64_t spin_ns = 50'000;
constexpr std::uint64_t late_ns = 1'000'000;
constexpr std::uint64_t longest_wait_ns = 100'000'000;

/// More than a second's worth of messages behind: the rate cannot be held, and what would be
/// measured from here on is the backlog.
[[nodiscard]] std::uint64_t longest_backlog(double rate_per_s) {
    return std::max<std::uint64_t>(10'000, static_cast<std::uint64_t>(rate_per_s));
}

void give_up(measured& into, std::size_t waiting, double rate_per_s) {
    into.how = measured::end::overloaded;
    into.stopped_early =
        fmt::format("{} messages were waiting to be sent: the server does not hold {:.0f} a second",
                    waiting, rate_per_s);
}

/// How long to wait for replies when the next message is due then.
[[nodiscard]] std::uint64_t asleep_ns(std::uint64_t due_ns, std::uint64_t now) {
    auto const left_ns = due_ns > now ? due_ns - now : 0;
    return left_ns < spin_ns ? 0 : std::min(longest_wait_ns, left_ns - spin_ns / 2);
}

/// Adds up the turns of a loop in which it waited awake and did nothing more.
class awake_time {
public:
    explicit awake_time(measured& into) noexcept : into_(into) {}

    void begin_turn(std::uint64_t now) noexcept {
        if (only_waited_) into_.awake_ns += now - turned_ns_;
        turned_ns_ = now;
        sent_ = into_.sent;
    }
    [[nodiscard]] std::span<epoll_event const> wait(poller& source, std::uint64_t timeout_ns) {
        auto const events = source.wait(timeout_ns);
        only_waited_ = timeout_ns == 0 && events.empty() && into_.sent == sent_;
        return events;
    }

private:
    measured& into_;
    std::uint64_t turned_ns_ = 0;
    std::uint64_t sent_ = 0;
    bool only_waited_ = false;
};

} // namespace

void driver::run_open(std::vector<std::uint64_t> const& arrivals_ns, measured& into) {
    struct free_connection {
        std::uint64_t index;
        std::uint64_t since_ns;
    };
    auto const started_ns = now_ns();
    std::deque<free_connection> idle;
    for (std::uint64_t i = 0; i < connections_.size(); ++i) {
        idle.push_back({i, started_ns});
    }
    std::size_t next = 0; // the first message not sent
    std::size_t due = 0;  // the first message whose time has not come
    bool broken = false;
    awake_time awake(into);
    while (into.received < arrivals_ns.size() && !broken && !out_of_time(&into)) {
        auto const now = now_ns();
        awake.begin_turn(now);
        while (due < arrivals_ns.size() && started_ns + arrivals_ns[due] <= now) {
            ++due;
        }
        // A surge is to bring a backlog.
        if (due - next > longest_backlog(load_.rate_per_s) && !load_.has_surge()) {
            give_up(into, due - next, load_.rate_per_s);
            break;
        }
        for (; next < due && !idle.empty(); ++next, idle.pop_front()) {
            auto& link = connections_[idle.front().index];
            link.prepare_next();
            link.intended_ns = started_ns + arrivals_ns[next];
            link.sent_ns = now_ns();
            auto const lag_ns = link.sent_ns - std::max(link.intended_ns, idle.front().since_ns);
            into.send_lag.record(lag_ns);
            if (lag_ns > late_ns) ++into.late_sends;
            if (!start(idle.front().index, &into)) {
                broken = true;
                break;
            }
            ++into.sent;
        }
        if (broken) break;
        auto const timeout_ns = due < arrivals_ns.size() && !idle.empty()
                                    ? asleep_ns(started_ns + arrivals_ns[due], now_ns())
                                    : longest_wait_ns;
        for (auto const& event : awake.wait(poller_, timeout_ns)) {
            auto const index = event.data.u64;
            auto const result = serve(index, event.events, &into);
            if (result == outcome::broken) {
                broken = true;
                break;
            }
            if (result != outcome::complete) continue;
            auto const replied_ns = now_ns();
            note_dear(connections_[index], replied_ns, into);
            record(connections_[index], index, replied_ns, into);
            idle.push_back({index, replied_ns});
        }
    }
    into.last_arrival_ns = arrivals_ns.back();
    finish(started_ns, into);
}

} // namespace client
