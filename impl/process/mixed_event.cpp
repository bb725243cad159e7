// SPDX-License-Identifier: MIT
// The pre-forked loops of `echo`, one a child; the parent accepts and passes the sockets on. A dear
// request burns in its loop and holds up the connections of that child alone. (With `offload` see
// mixed_offload.cpp.)
#include "cells.hpp"
#include "child_pool.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "poller.hpp"
#include "shared_memory.hpp"
#include "socket_channel.hpp"

#include <array>
#include <chrono>
#include <poll.h>
#include <vector>

namespace process {
namespace {

using contract::mixed;

/// The loop of one child.
class server {
public:
    server(mixed::params const& params, socket_channel const& channel, int stop_fd)
        : params_(params), channel_(channel) {
        ready_.add(stop_fd, EPOLLIN, &stop_tag_);
        ready_.add(channel.child_end(), EPOLLIN, &channel_tag_);
    }

    mixed::outcome run() {
        auto const burn = [this] {
            kernel::burn(std::chrono::microseconds(params_.burn_us));
            return true;
        };
        for (;;) {
            for (auto const& event : ready_.wait()) {
                if (event.data.ptr == &stop_tag_) return outcome_;
                if (event.data.ptr == &channel_tag_) {
                    adopt(channel_.receive());
                    continue;
                }
                auto& connection = *static_cast<framed_connection*>(event.data.ptr);
                if (serve(connection, outcome_, burn) == served::closed) close(connection);
            }
        }
    }

private:
    void adopt(unique_fd fd) {
        if (!fd) return;
        auto const here = connections_.insert(
            connections_.end(),
            framed_connection{std::move(fd), kernel::frames(params_.message_bytes)});
        here->here = here;
        ready_.add(here->fd.get(), EPOLLIN, &*here);
    }

    void close(framed_connection& connection) {
        // Closing is not enough: the parent's copy may live a moment longer, and until the last
        // copy is closed epoll would go on to report this connection.
        ready_.remove(connection.fd.get());
        connections_.erase(connection.here);
    }

    mixed::params params_;
    socket_channel const& channel_;
    char stop_tag_ = 0;
    char channel_tag_ = 0;
    poller ready_;
    std::list<framed_connection> connections_;
    mixed::outcome outcome_;
};

class pre_forked final : public contract::session<mixed> {
public:
    pre_forked(mixed::params const& params, contract::environment const& environment)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          channels_(environment.limits.workers),
          outcomes_(environment.limits.workers),
          children_(environment.limits.workers, [&](std::uint64_t child) {
              return [this, params, child](contract::probe&) {
                  outcomes_[child].value = server(params, channels_[child], stop_fd_).run();
              };
          }) {}

    mixed::outcome run(contract::probe& probe) override {
        children_.start(probe);
        mixed::outcome outcome;
        while (auto const connection = accept_next()) {
            channels_[outcome.accepted++ % channels_.size()].send(connection.get());
        }
        children_.finish();
        for (auto const& [mine] : outcomes_.all()) {
            outcome.requests += mine.requests;
            outcome.dear += mine.dear;
        }
        return outcome;
    }

private:
    /// Waits for the next connection; none when it is time to stop.
    unique_fd accept_next() {
        for (;;) {
            auto patience_ms = -1;
            if (auto fd = accept_from(listen_fd_, patience_ms)) return fd;
            std::array<pollfd, 2> ready{{{stop_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}}};
            auto const of_interest = patience_ms == -1 ? 2u : 1u;
            if (::poll(ready.data(), of_interest, patience_ms) == -1 && errno != EINTR) {
                throw_errno("poll");
            }
            if (ready[0].revents != 0) return {};
        }
    }

    int listen_fd_;
    int stop_fd_;
    std::vector<socket_channel> channels_;
    shared_array<own_line<mixed::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_event(mixed::params const& params, contract::environment const& environment) {
    if (params.offload == 1) return make_mixed_offload(params, environment);
    return std::make_unique<pre_forked>(params, environment);
}

} // namespace process
