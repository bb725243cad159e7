// SPDX-License-Identifier: MIT
// The loop of `delay`. A client connection has its sockets to the backends beside it, all of them
// edge-triggered and registered once; an event says which. All limits are equally long, so that a
// queue in the order of the requests is in the order of their limits; a request that has its answer
// stays in it until its limit would have been up.
#include "kernel/gateway.hpp"
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/frames.hpp"
#include "posix.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

namespace floor_model {
namespace {

using contract::gateway;

struct connection;

/// The number of the stream that is none to a backend.
constexpr auto the_client = ~std::uint64_t{0};

/// A socket of a connection: the client's, or that to a backend.
struct stream {
    connection& of;
    std::uint64_t number; ///< of the backend
    unique_fd socket;
    kernel::frames frames;
    bool drained = true;  ///< as far as the last read could tell
    bool hung_up = false; ///< end of file comes unannounced
};

struct connection {
    explicit connection(gateway::params const& params)
        : request(params.backends, params.answer_bytes) {}

    kernel::gateway_request request;
    std::unique_ptr<stream> client;
    std::vector<std::unique_ptr<stream>> backends;
    std::uint64_t limits = 0; ///< in the queue: the last is that of the last request
    bool closed = false;      ///< and kept while a limit or an event refers to it
};

class epoll_gateway final : public contract::session<gateway> {
public:
    epoll_gateway(gateway::params const& params, gateway::environment const& environment)
        : params_(params),
          listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          backend_port_(environment.backend_port) {
        watch(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
        watch(stop_fd_, EPOLLIN, &stop_tag_);
    }

    gateway::outcome run(contract::probe&) override {
        for (bool stopped = false; !stopped;) {
            std::array<epoll_event, 256> events;
            for (auto const& event : wait(events)) {
                if (event.data.ptr == &stop_tag_) {
                    stopped = true;
                } else if (event.data.ptr == &listen_tag_) {
                    accept_all();
                } else {
                    auto& from = *static_cast<stream*>(event.data.ptr);
                    from.hung_up |= (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
                    from.drained = false;
                    if (!from.of.closed)
                        from.number == the_client ? serve(from.of) : take_answers(from);
                }
            }
            ask_again();
            forget_closed();
            if (lacks_descriptors_) accept_all();
        }
        connections_.clear();
        return outcome_;
    }

private:
    struct limit {
        std::uint64_t deadline_ns;
        connection* of;
    };

    std::span<epoll_event> wait(std::array<epoll_event, 256>& events) {
        auto patience_ns = ~std::uint64_t{0};
        if (lacks_descriptors_) patience_ns = accept_again_after_ms * 1'000'000u;
        if (!limits_.empty()) {
            auto const now_ns = monotonic_ns();
            auto const due_ns = limits_.front().deadline_ns;
            patience_ns = std::min(patience_ns, due_ns > now_ns ? due_ns - now_ns : 0);
        }
        timespec const timeout{time_t(patience_ns / 1'000'000'000u),
                               long(patience_ns % 1'000'000'000u)};
        auto const for_ever = patience_ns == ~std::uint64_t{0};
        int count = ::epoll_pwait2(epoll_.get(), events.data(), int(events.size()),
                                   for_ever ? nullptr : &timeout, nullptr);
        if (count == -1 && (errno == ENOSYS || errno == EPERM)) {
            count = ::epoll_wait(epoll_.get(), events.data(), int(events.size()),
                                 for_ever ? -1 : int((patience_ns + 999'999) / 1'000'000));
        }
        if (count == -1 && errno != EINTR) throw_errno("epoll_pwait2");
        return std::span(events.data(), count < 0 ? 0u : unsigned(count));
    }

    void watch(int fd, std::uint32_t mask, void* tag) {
        epoll_event event{.events = mask, .data = {.ptr = tag}};
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        lacks_descriptors_ = false;
        for (;;) {
            unique_fd socket(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!socket) {
                if (errno == EAGAIN) return;
                if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
                if (!out_of_descriptors(errno)) throw_errno("accept");
                lacks_descriptors_ = true;
                return;
            }
            ++outcome_.accepted;
            int const on = 1;
            // Fails only for a peer that has reset meanwhile; the first read will tell.
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            open(std::move(socket));
        }
    }

    void open(unique_fd client) {
        auto added = std::make_unique<connection>(params_);
        auto const add = [&](std::uint64_t number, unique_fd socket, std::size_t bytes) {
            auto made = std::make_unique<stream>(
                stream{*added, number, std::move(socket), kernel::frames(bytes)});
            watch(made->socket.get(), EPOLLIN | EPOLLRDHUP | EPOLLET, made.get());
            return made;
        };
        try {
            for (std::uint64_t i = 0; i < params_.backends; ++i) {
                added->backends.push_back(add(i, connect_to_backend(backend_port_),
                                              kernel::gateway_tag_bytes + params_.answer_bytes));
            }
            added->client = add(the_client, std::move(client), kernel::gateway_request_bytes);
        } catch (std::system_error const&) {
            return; // no backend, or no descriptor for it: this client is turned away
        }
        connections_.push_back(std::move(added));
    }

    enum class arrival { bytes, nothing, end };

    /// One read, unless the socket is known to be empty.
    static arrival receive(stream& from) {
        while (!from.drained || from.hung_up) {
            auto const room = from.frames.room();
            auto const received = ::recv(from.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
            if (received == -1 && errno == EINTR) continue;
            if (received == -1 && errno == EAGAIN) {
                from.drained = true;
                from.hung_up = false;
                break;
            }
            if (received <= 0) return arrival::end;
            from.frames.received(std::size_t(received));
            from.drained = std::size_t(received) < room.size();
            return arrival::bytes;
        }
        return arrival::nothing;
    }

    /// Until the socket is drained, closed, or a request waits for the backends.
    void serve(connection& c) {
        while (c.request.is_complete()) {
            if (auto const message = c.client->frames.next(); !message.empty()) {
                c.request.begin(message);
                return ask(c);
            }
            auto const came = receive(*c.client);
            if (came == arrival::end) return close(c);
            if (came == arrival::nothing) return;
        }
    }

    void ask(connection& c) {
        for (std::uint64_t i = 0; i < params_.backends; ++i) {
            if (!send(*c.backends[i], c.request.question(i))) return close(c);
        }
        limits_.push_back({monotonic_ns() + params_.limit_us * 1'000, &c});
        ++c.limits;
    }

    void take_answers(stream& from) {
        auto& c = from.of;
        auto const waits = !c.request.is_complete();
        for (;;) {
            for (auto answer = from.frames.next(); !answer.empty(); answer = from.frames.next()) {
                c.request.take(from.number, answer);
            }
            auto const came = receive(from);
            if (came == arrival::end) return close(c);
            if (came == arrival::nothing) break;
        }
        if (!waits || !c.request.is_complete()) return;
        if (!send(*c.client, c.request.reply())) return close(c);
        ++outcome_.requests;
        serve(c);
    }

    void ask_again() {
        if (limits_.empty()) return;
        auto const now_ns = monotonic_ns();
        while (!limits_.empty() && limits_.front().deadline_ns <= now_ns) {
            auto& c = *limits_.front().of;
            limits_.pop_front();
            if (--c.limits == 0 && !c.closed) ask_again(c);
        }
    }

    void ask_again(connection& c) {
        for (std::uint64_t i = 0; i < params_.backends; ++i) {
            if (!c.request.lacks(i)) continue;
            if (!send(*c.backends[i], c.request.question_again(i))) return close(c);
            ++outcome_.retries;
        }
    }

    static bool send(stream const& to, std::span<std::byte const> bytes) {
        auto const sent =
            ::send(to.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return sent == ssize_t(bytes.size());
    }

    void close(connection& c) {
        c.closed = true;
        has_closed_ = true;
        c.client->socket.close();
        for (auto const& each : c.backends) {
            each->socket.close();
        }
    }

    /// After the events of a wait, which may name them.
    void forget_closed() {
        if (!std::exchange(has_closed_, false)) return;
        std::erase_if(connections_, [this](auto const& c) {
            if (c->closed && c->limits != 0) has_closed_ = true;
            return c->closed && c->limits == 0;
        });
    }

    gateway::params params_;
    int listen_fd_;
    int stop_fd_;
    std::uint16_t backend_port_;
    char listen_tag_ = 0;
    char stop_tag_ = 0;
    bool lacks_descriptors_ = false; ///< accept is tried again a little later
    bool has_closed_ = false;        ///< connections that are to be forgotten
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::vector<std::unique_ptr<connection>> connections_;
    std::deque<limit> limits_; ///< the first is up first
    gateway::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<gateway>> make_gateway(gateway::params const& params,
                                                         gateway::environment const& environment) {
    return std::make_unique<epoll_gateway>(params, environment);
}

} // namespace floor_model
