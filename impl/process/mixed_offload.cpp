// SPDX-License-Identifier: MIT
// The parent serves all connections in one epoll loop; `workers` pre-forked children burn. An
// expensive request goes to them as the number of its connection over a pair of local sockets that
// all children share, one datagram a request, and the number comes back when it has burnt.
#include "accept_from.hpp"
#include "cells.hpp"
#include "child_pool.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "poller.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <vector>

namespace process {
namespace {

using contract::mixed;

/// The parent's end does not block.
struct work_channel {
    work_channel() {
        std::array<int, 2> ends{};
        checked(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
        parent = unique_fd(ends[0]);
        child = unique_fd(ends[1]);
    }
    unique_fd parent;
    unique_fd child;
};

constexpr int no_more_work = -1;

/// In a child: until told that there is no more.
void burn_for_parent(int channel, std::chrono::microseconds length) {
    for (;;) {
        int connection = no_more_work;
        if (::recv(channel, &connection, sizeof connection, 0) == -1) {
            if (errno == EINTR) continue;
            throw_errno("receive work from the parent");
        }
        if (connection == no_more_work) return;
        kernel::burn(length);
        while (::send(channel, &connection, sizeof connection, MSG_NOSIGNAL) == -1) {
            if (errno != EINTR) throw_errno("tell the parent");
        }
    }
}

class loop_and_burners final : public contract::session<mixed> {
public:
    loop_and_burners(mixed::params const& params, mixed::environment const& environment)
        : params_(params),
          listen_fd_(environment.listen_fd),
          workers_(environment.limits.workers),
          children_(environment.limits.workers, [&](std::uint64_t) {
              return [this](contract::probe&) {
                  burn_for_parent(work_.child.get(), std::chrono::microseconds(params_.burn_us));
              };
          }) {
        ready_.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        ready_.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
        ready_.add(work_.parent.get(), EPOLLIN, &work_tag_);
    }

    mixed::outcome run(contract::probe& probe) override {
        children_.start(probe);
        while (serve_ready()) {
        }
        for (std::uint64_t child = 0; child < workers_; ++child) {
            tell(no_more_work);
        }
        children_.finish();
        connections_.clear();
        return outcome_;
    }

private:
    /// False when it is time to stop.
    bool serve_ready() {
        for (auto const& event : ready_.wait(patience_ms_)) {
            if (event.data.ptr == &stop_tag_) return false;
            if (event.data.ptr == &listen_tag_) {
                accept_all();
            } else if (event.data.ptr == &work_tag_) {
                answer_burnt();
            } else {
                auto& from = *static_cast<framed_connection*>(event.data.ptr);
                settle(from, serve(from, outcome_, [] { return false; }), false);
            }
        }
        if (patience_ms_ != -1) accept_all();
        return true;
    }

    void accept_all() {
        while (auto fd = accept_from(listen_fd_, patience_ms_)) {
            ++outcome_.accepted;
            auto const number = static_cast<std::size_t>(fd.get());
            auto const here = connections_.insert(
                connections_.end(),
                framed_connection{std::move(fd), kernel::frames(params_.message_bytes)});
            here->here = here;
            if (by_number_.size() <= number) by_number_.resize(number + 1);
            by_number_[number] = &*here;
            ready_.add(here->fd.get(), EPOLLIN, &*here);
        }
    }

    void answer_burnt() {
        int number = 0;
        while (::recv(work_.parent.get(), &number, sizeof number, MSG_DONTWAIT) > 0) {
            --at_work_;
            auto& from = *by_number_[static_cast<std::size_t>(number)];
            auto const alive = answer(from, std::exchange(from.burning, {}), outcome_);
            auto const how =
                alive ? serve_received(from, outcome_, [] { return false; }) : served::closed;
            settle(from, how, true);
        }
        give_work();
    }

    /// `was_handed`: it is not in the epoll set.
    void settle(framed_connection& from, served how, bool was_handed) {
        if (how == served::closed) {
            if (!was_handed) ready_.remove(from.fd.get());
            connections_.erase(from.here);
        } else if (how == served::handed) {
            if (!was_handed) ready_.remove(from.fd.get());
            waiting_.push_back(from.fd.get());
            give_work();
        } else if (was_handed) {
            ready_.add(from.fd.get(), EPOLLIN, &from);
        }
    }

    /// Two a child: one that burns and one that waits, so that the channel never fills.
    void give_work() {
        for (; !waiting_.empty() && at_work_ < 2 * workers_; waiting_.pop_front()) {
            tell(waiting_.front());
            ++at_work_;
        }
    }

    void tell(int number) const {
        while (::send(work_.parent.get(), &number, sizeof number, MSG_NOSIGNAL) == -1) {
            if (errno != EINTR) throw_errno("give work to the children");
        }
    }

    mixed::params params_;
    int listen_fd_;
    int patience_ms_ = -1; ///< while descriptors are lacking: until accept is tried again
    std::uint64_t workers_;
    char stop_tag_ = 0;
    char listen_tag_ = 0;
    char work_tag_ = 0;
    poller ready_;
    work_channel work_;
    std::list<framed_connection> connections_;
    std::vector<framed_connection*> by_number_; ///< by descriptor
    std::deque<int> waiting_;                   ///< for a child to burn
    std::uint64_t at_work_ = 0;
    mixed::outcome outcome_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_offload(mixed::params const& params, mixed::environment const& environment) {
    return std::make_unique<loop_and_burners>(params, environment);
}

} // namespace process
