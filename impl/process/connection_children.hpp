// SPDX-License-Identifier: MIT
#pragma once

#include "child_pool.hpp"
#include "contract/model.hpp"
#include "shared_memory.hpp"

#include <csignal>
#include <cstdint>
#include <functional>

namespace process {

/// From here on SIGTERM ends `serve_connections` in this child.
void end_serving_at_sigterm();

/// In a child: accepts from the shared socket, and again when `serve(connection)`, which reads and
/// writes with blocking calls, has returned. Returns the connections accepted.
std::uint64_t serve_connections(int listen_fd, int stop_fd, std::function<void(int)> const& serve);

void wait_until_readable(int fd);

/// One pre-forked child per connection. A child that is blocked in a read cannot watch the stop
/// descriptor: the parent does, and its SIGTERM shuts down what the child serves.
template <class Outcome>
class connection_children {
public:
    /// `serve(connection, outcome)` adds to the outcome of its child.
    template <class Serve>
    connection_children(std::uint64_t connections, contract::server_environment const& around,
                        Serve serve)
        : stop_fd_(around.stop_fd),
          outcomes_(connections),
          children_(connections, [&](std::uint64_t child) {
              end_serving_at_sigterm();
              return [this, child, serve, listen_fd = around.listen_fd](contract::probe&) {
                  auto& mine = outcomes_[child].value;
                  mine = {};
                  mine.accepted = serve_connections(
                      listen_fd, stop_fd_, [&](int connection) { serve(connection, mine); });
              };
          }) {}

    /// The outcomes of all children, when all of them have ended.
    auto run(contract::probe& probe) {
        children_.start(probe);
        wait_until_readable(stop_fd_);
        children_.signal_all(SIGTERM);
        children_.finish();
        return outcomes_.all();
    }

private:
    int stop_fd_;
    shared_array<own_line<Outcome>> outcomes_;
    child_pool children_;
};

} // namespace process
