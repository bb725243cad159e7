// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include "siding/siding.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

namespace coroutine_model {

/// Another listening socket at the address of `listen_fd`: the kernel deals new connections out
/// among them (SO_REUSEPORT), by a hash of the peer's address.
inline siding::descriptor listen_beside(int listen_fd) {
    sockaddr_in address{};
    socklen_t bytes = sizeof address;
    int const on = 1;
    siding::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.get() == -1 ||
        ::getsockname(listen_fd, reinterpret_cast<sockaddr*>(&address), &bytes) == -1 ||
        ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1 ||
        ::bind(made.get(), reinterpret_cast<sockaddr const*>(&address), bytes) == -1 ||
        ::listen(made.get(), SOMAXCONN) == -1) {
        throw std::system_error(errno, std::generic_category(), "listen with SO_REUSEPORT");
    }
    return made;
}

/// `workers` servers of one loop each, which run_on_cores runs in a thread each, none of them
/// pinned, as no other model pins its own. Each has a listening socket of its own. A Server is a
/// session with a coroutine `serve()`, and `outcome()` for afterwards.
template <class W, class Server>
class on_cores final : public contract::session<W> {
public:
    /// `make_one(around)` makes a server with its own surroundings.
    template <class MakeOne>
    on_cores(typename W::environment const& around, siding::loop_options const& options,
             MakeOne const& make_one)
        : options_{.backend = options.backend, .pin = false} {
        for (unsigned worker = 0; worker < around.limits.workers; ++worker) {
            auto own = around;
            if (worker != 0) {
                listeners_.push_back(listen_beside(around.listen_fd));
                own.listen_fd = listeners_.back().get();
            }
            servers_.push_back(make_one(own));
        }
    }

    typename W::outcome run(contract::probe&) override {
        siding::run_on_cores(
            servers_.size(),
            [this](siding::core const& core) { return servers_[core.index()]->serve(); }, options_);
        typename W::outcome sum;
        for (auto const& server : servers_) {
            auto const one = server->outcome();
            for (auto const& field : W::outcome_fields) {
                sum.*field.member += one.*field.member;
            }
        }
        return sum;
    }

private:
    siding::cores_options options_;
    std::vector<siding::descriptor> listeners_;
    std::vector<std::unique_ptr<Server>> servers_;
};

} // namespace coroutine_model
