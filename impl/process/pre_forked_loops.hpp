// SPDX-License-Identifier: MIT
#pragma once

#include "accept_from.hpp"
#include "child_pool.hpp"
#include "contract/model.hpp"
#include "poller.hpp"
#include "shared_memory.hpp"
#include "socket_channel.hpp"

#include <cstdint>
#include <list>
#include <utility>
#include <vector>

namespace process {

/// `workers` pre-forked children, each with an epoll loop of its own. The parent accepts and passes
/// the sockets to the children in turn, so that each has its share. A Server lives in a child: it
/// has a type `connection` with its socket `fd` and its place `here` in the list of all,
/// `open(fd)`, `serve(poller&, connection&)`, which says false when the connection is over, and
/// what it counted in `outcome()`.
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
                  run_child(server, channels_[child]);
                  outcomes_[child].value = server.outcome();
              };
          }) {}

    /// Until the stop descriptor is readable. Returns the connections accepted.
    std::uint64_t run(contract::probe& probe) {
        children_.start(probe);
        std::uint64_t accepted = 0;
        while (auto const connection = accept_until(stop_fd_, listen_fd_)) {
            channels_[accepted++ % channels_.size()].send(connection.get());
        }
        children_.finish();
        return accepted;
    }

    /// Of each child, after `run`.
    auto outcomes() { return outcomes_.all(); }

private:
    void run_child(Server& server, socket_channel const& channel) {
        char stop_tag = 0;
        char channel_tag = 0;
        poller ready;
        std::list<typename Server::connection> connections;
        ready.add(stop_fd_, EPOLLIN, &stop_tag);
        ready.add(channel.child_end(), EPOLLIN, &channel_tag);
        for (;;) {
            for (auto const& event : ready.wait()) {
                if (event.data.ptr == &stop_tag) return;
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
    shared_array<own_line<Outcome>> outcomes_;
    child_pool children_;
};

} // namespace process
