// SPDX-License-Identifier: MIT
#pragma once

#include "accept_from.hpp"
#include "child_pool.hpp"
#include "contract/model.hpp"
#include "poller.hpp"
#include "shared_memory.hpp"
#include "socket_channel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <list>
#include <span>
#include <utility>
#include <vector>

namespace process {

/// `workers` pre-forked children, each with an epoll loop of its own. A sole child accepts by
/// itself; of several each has its share, for the parent accepts and passes the sockets in turn. A
/// Server lives in a child: it has a type `connection` with its socket `fd` and its place `here` in
/// the list of all, `open(fd)`, `serve(poller&, connection&)`, which says false when the connection
/// is over, and what it counted in `outcome()`. If its connections wait for a time it also has
/// `timers()`, a timer_heap, and `expire(poller&, connection&)`, which is called when one is due.
template <class Server, class Outcome>
class pre_forked_loops {
public:
    /// `make_server()` is called in each child, once a run.
    template <class MakeServer>
    pre_forked_loops(contract::server_environment const& around, MakeServer make_server)
        : listen_fd_(around.listen_fd),
          stop_fd_(around.stop_fd),
          channels_(around.limits.workers),
          outcomes_(around.limits.workers),
          children_(around.limits.workers, [&](std::uint64_t child) {
              return [this, child, make_server](contract::probe&) {
                  auto server = make_server();
                  auto const accepted = run_child(server, channels_[child]);
                  outcomes_[child].value = {server.outcome(), accepted};
              };
          }) {}

    /// Until the stop descriptor is readable. Returns the connections accepted.
    std::uint64_t run(contract::probe& probe) {
        children_.start(probe);
        std::uint64_t accepted = 0;
        if (is_sole()) {
            children_.finish();
            return outcomes_[0].value.accepted;
        }
        while (auto const connection = accept_until(stop_fd_, listen_fd_)) {
            channels_[accepted++ % channels_.size()].send(connection.get());
        }
        children_.finish();
        return accepted;
    }

    /// Calls `visit(outcome)` for each child, after `run`.
    template <class Visit>
    void for_each_outcome(Visit visit) {
        for (auto const& [mine] : outcomes_.all()) {
            visit(mine.served);
        }
    }

private:
    /// What a child leaves behind.
    struct account {
        Outcome served{};
        std::uint64_t accepted = 0;
    };

    static constexpr bool has_timers = requires(Server server) { server.timers(); };

    /// Blocks until something is ready, or a timer is due, or accept is to be tried again.
    static std::span<epoll_event const> wait(Server& server, poller& ready, int patience_ms) {
        if constexpr (has_timers) {
            auto const patience = server.timers().patience();
            if (patience_ms == -1) return ready.wait_for(patience);
            std::chrono::nanoseconds const retry = std::chrono::milliseconds(patience_ms);
            return ready.wait_for(patience < patience.zero() ? retry : std::min(retry, patience));
        } else {
            return ready.wait(patience_ms);
        }
    }

    [[nodiscard]] bool is_sole() const noexcept { return channels_.size() == 1; }

    /// Returns the connections that it accepted itself.
    std::uint64_t run_child(Server& server, socket_channel const& channel) {
        char stop_tag = 0;
        char channel_tag = 0;
        char listen_tag = 0;
        std::uint64_t accepted = 0;
        auto patience_ms = -1;
        poller ready;
        std::list<typename Server::connection> connections;
        ready.add(stop_fd_, EPOLLIN, &stop_tag);
        ready.add(channel.child_end(), EPOLLIN, &channel_tag);
        if (is_sole()) ready.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag);
        auto const accept_all = [&] {
            while (auto fd = accept_from(listen_fd_, patience_ms)) {
                ++accepted;
                adopt(std::move(fd), server, ready, connections);
            }
        };
        for (;;) {
            for (auto const& event : wait(server, ready, patience_ms)) {
                if (event.data.ptr == &stop_tag) return accepted;
                if (event.data.ptr == &listen_tag) {
                    accept_all();
                    continue;
                }
                if (event.data.ptr == &channel_tag) {
                    adopt(channel.receive(), server, ready, connections);
                    continue;
                }
                auto& served = *static_cast<typename Server::connection*>(event.data.ptr);
                if (server.serve(ready, served)) continue;
                // Closing is not enough: the parent's copy may live a moment longer, and until the
                // last copy is closed epoll would go on to report this connection.
                ready.remove(served.fd.get());
                connections.erase(served.here);
            }
            if constexpr (has_timers) {
                server.timers().take_due([&](typename Server::connection& due) {
                    if (server.expire(ready, due)) return;
                    if (!due.unwatched) ready.remove(due.fd.get());
                    connections.erase(due.here);
                });
            }
            if (patience_ms != -1) accept_all();
        }
    }

    static void adopt(unique_fd fd, Server& server, poller& ready,
                      std::list<typename Server::connection>& connections) {
        if (!fd) return;
        auto const here = connections.insert(connections.end(), server.open(std::move(fd)));
        here->here = here;
        ready.add(here->fd.get(), EPOLLIN, &*here);
    }

    int listen_fd_;
    int stop_fd_;
    std::vector<socket_channel> channels_;
    shared_array<own_line<account>> outcomes_;
    child_pool children_;
};

} // namespace process
