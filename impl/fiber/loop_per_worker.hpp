// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "posix.hpp"

#include <cerrno>
#include <cstddef>
#include <exception>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

namespace fiber {

/// Another listening socket at the address of `listen_fd`: the kernel deals new connections out
/// among them (SO_REUSEPORT), by a hash of the peer's address.
inline unique_fd listen_beside(int listen_fd) {
    sockaddr_in address{};
    socklen_t bytes = sizeof address;
    int const on = 1;
    unique_fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.get() == -1 ||
        ::getsockname(listen_fd, reinterpret_cast<sockaddr*>(&address), &bytes) == -1 ||
        ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1 ||
        ::bind(made.get(), reinterpret_cast<sockaddr const*>(&address), bytes) == -1 ||
        ::listen(made.get(), SOMAXCONN) == -1) {
        throw std::system_error(errno, std::generic_category(), "listen with SO_REUSEPORT");
    }
    return made;
}

/// `workers` servers of one loop each, one of them in the calling thread and the others in threads
/// of their own, each with a listening socket of its own. A scheduler belongs to its thread, so
/// that each server is made, run and destroyed there.
template <class W>
class loop_per_worker final : public contract::session<W> {
public:
    loop_per_worker(contract::maker<W>& make_one, typename W::params const& params,
                    typename W::environment const& around)
        : make_one_(make_one), params_(params) {
        for (unsigned worker = 0; worker < around.limits.workers; ++worker) {
            auto own = around;
            own.limits.workers = 1;
            if (worker != 0)
                own.listen_fd = listeners_.emplace_back(listen_beside(around.listen_fd)).get();
            surroundings_.push_back(own);
        }
    }

    typename W::outcome run(contract::probe& probe) override {
        std::vector<typename W::outcome> outcomes(surroundings_.size());
        std::vector<std::exception_ptr> failures(surroundings_.size());
        auto const serve = [&](std::size_t worker) {
            try {
                outcomes[worker] = make_one_(params_, surroundings_[worker])->run(probe);
            } catch (...) {
                failures[worker] = std::current_exception();
            }
        };
        {
            std::vector<std::jthread> others;
            for (std::size_t worker = 1; worker < outcomes.size(); ++worker) {
                others.emplace_back(serve, worker);
            }
            serve(0);
        }
        for (auto const& failure : failures) {
            if (failure) std::rethrow_exception(failure);
        }
        typename W::outcome sum;
        for (auto const& one : outcomes) {
            for (auto const& field : W::outcome_fields) {
                sum.*field.member += one.*field.member;
            }
        }
        return sum;
    }

private:
    contract::maker<W>& make_one_;
    typename W::params params_;
    std::vector<unique_fd> listeners_;
    std::vector<typename W::environment> surroundings_; ///< of each worker
};

} // namespace fiber
