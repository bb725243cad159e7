// SPDX-License-Identifier: MIT
// The callbacks of `delay`, and a uv_tcp_t to each backend, which is read all the time. A request
// starts the client's uv_timer; the read that brings the last answer stops it and answers.
#include "kernel/gateway.hpp"
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/frames.hpp"
#include "timer.hpp"

#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace callback {
namespace {

using contract::gateway;

struct connection;

/// A socket of a connection, to its client or to a backend; the data of the handle points here.
struct stream {
    stream(connection& whose, std::uint64_t which, std::size_t message_bytes)
        : of(whose), number(which), frames(message_bytes) {}

    connection& of;
    std::uint64_t number; ///< of the backend
    uv_tcp_t tcp{};
    uv_connect_t connect{};
    kernel::frames frames;
};

constexpr auto the_client = ~std::uint64_t{0};

/// On the heap, from accept to the close callback of the last of its handles.
struct connection {
    explicit connection(gateway::params const& params)
        : client(*this, the_client, kernel::gateway_request_bytes),
          request(params.backends, params.answer_bytes) {
        for (std::uint64_t i = 0; i < params.backends; ++i) {
            backends.push_back(std::make_unique<stream>(
                *this, i, kernel::gateway_tag_bytes + params.answer_bytes));
        }
    }

    stream client;
    std::vector<std::unique_ptr<stream>> backends;
    uv_timer_t limit{};
    kernel::gateway_request request;
    bool unread = false; ///< its peer did not wait for the answer: read on afterwards
    std::size_t connected = 0;
    std::size_t open_handles = 0;
};

class server final : public contract::session<gateway> {
public:
    server(gateway::params const& params, gateway::environment const& environment)
        : params_(params) {
        loop_.get()->data = this;
        backend_.sin_family = AF_INET;
        backend_.sin_port = htons(environment.backend_port);
        backend_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked(::uv_tcp_init(loop_.get(), &listener_), "uv_tcp_init");
        // libuv closes what it opens, and the harness keeps its descriptor: listen on a copy.
        int const copy = ::fcntl(environment.listen_fd, F_DUPFD_CLOEXEC, 0);
        if (copy == -1) throw std::system_error(errno, std::generic_category(), "F_DUPFD_CLOEXEC");
        if (int const error = ::uv_tcp_open(&listener_, copy); error < 0) {
            ::close(copy);
            checked(error, "uv_tcp_open");
        }
        checked(::uv_poll_init(loop_.get(), &stop_, environment.stop_fd), "uv_poll_init");
    }

    ~server() override { close_all(); }

    gateway::outcome run(contract::probe&) override {
        outcome_ = {};
        checked(::uv_listen(as_stream(&listener_), SOMAXCONN, &came), "uv_listen");
        checked(::uv_poll_start(&stop_, UV_READABLE | UV_DISCONNECT, &stopped), "uv_poll_start");
        loop_.run();
        close_all();
        return outcome_;
    }

private:
    template <class Handle>
    static server& of(Handle* handle) {
        return *static_cast<server*>(handle->loop->data);
    }

    static void stopped(uv_poll_t* stop, int, int) { of(stop).loop_.stop(); }

    /// The connections with their own callbacks first: what is left has no data of this program.
    void close_all() {
        ::uv_walk(
            loop_.get(),
            [](uv_handle_t* handle, void*) {
                if (handle->type == UV_TIMER) close(*static_cast<connection*>(handle->data));
            },
            nullptr);
        loop_.close_handles(nullptr);
    }

    static void close(connection& c) {
        if (::uv_is_closing(as_handle(&c.limit)) != 0) return;
        ::uv_close(as_handle(&c.limit),
                   [](uv_handle_t* handle) { release(*static_cast<connection*>(handle->data)); });
        close(c.client);
        for (auto const& backend : c.backends) {
            close(*backend);
        }
    }
    static void close(stream& s) {
        if (s.tcp.loop == nullptr) return; // it was never made
        ::uv_close(as_handle(&s.tcp),
                   [](uv_handle_t* handle) { release(static_cast<stream*>(handle->data)->of); });
    }
    static void release(connection& c) {
        if (--c.open_handles == 0) delete &c;
    }

    bool make(stream& s) {
        if (::uv_tcp_init(loop_.get(), &s.tcp) < 0) {
            s.tcp.loop = nullptr;
            return false;
        }
        s.tcp.data = &s;
        ++s.of.open_handles;
        return true;
    }

    static void came(uv_stream_t* listener, int status) {
        auto& self = of(listener);
        if (status == UV_ECONNABORTED || status == UV_EPROTO) return;
        if (status < 0) return self.loop_.fail(status, "accept");
        auto& c = *std::make_unique<connection>(self.params_).release();
        ::uv_timer_init(listener->loop, &c.limit); // which cannot fail
        c.limit.data = &c;
        ++c.open_handles;
        if (!self.make(c.client)) {
            close(c);
            return self.loop_.fail(ENOMEM, "uv_tcp_init");
        }
        if (int const error = ::uv_accept(listener, as_stream(&c.client.tcp)); error < 0) {
            close(c);
            return self.loop_.fail(error, "uv_accept");
        }
        ++self.outcome_.accepted;
        // Fails only for a peer that has reset meanwhile; the first read will tell.
        ::uv_tcp_nodelay(&c.client.tcp, 1);
        self.connect(c);
    }

    void connect(connection& c) {
        auto const* const address = reinterpret_cast<sockaddr const*>(&backend_);
        for (auto const& backend : c.backends) {
            if (!make(*backend) ||
                ::uv_tcp_connect(&backend->connect, &backend->tcp, address, &connected) < 0) {
                return close(c); // no backend, or no descriptor for it
            }
        }
    }

    static void connected(uv_connect_t* connect, int status) {
        auto& s = *static_cast<stream*>(connect->handle->data);
        auto& c = s.of;
        if (::uv_is_closing(as_handle(&c.limit)) != 0) return;
        if (status < 0) return close(c);
        ::uv_tcp_nodelay(&s.tcp, 1);
        if (::uv_read_start(as_stream(&s.tcp), &lend_room, &heard) < 0) return close(c);
        if (++c.connected == c.backends.size()) read(c);
    }

    static void read(connection& c) {
        if (::uv_read_start(as_stream(&c.client.tcp), &lend_room_if_idle, &asked) < 0) close(c);
    }

    static void lend_room(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto const room = static_cast<stream*>(handle->data)->frames.room();
        *buffer =
            ::uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
    }
    static void lend_room_if_idle(uv_handle_t* handle, std::size_t wanted, uv_buf_t* buffer) {
        if (static_cast<stream*>(handle->data)->of.request.is_complete()) {
            return lend_room(handle, wanted, buffer);
        }
        *buffer = ::uv_buf_init(nullptr, 0); // no room: `asked` is called with UV_ENOBUFS
    }

    static void asked(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& c = static_cast<callback::stream*>(stream->data)->of;
        if (count == 0) return; // nothing there after all
        if (count == UV_ENOBUFS) {
            ::uv_read_stop(stream);
            c.unread = true;
            return;
        }
        if (count < 0) return close(c);
        c.client.frames.received(static_cast<std::size_t>(count));
        ask(c);
    }

    /// Takes the next request that has come, if any, to all backends.
    static void ask(connection& c) {
        auto const message = c.client.frames.next();
        if (message.empty()) return;
        c.request.begin(message);
        for (auto const& backend : c.backends) {
            if (!write(*backend, c.request.question(backend->number))) return close(c);
        }
        auto const length_ns = of(&c.limit).params_.limit_us * 1'000;
        if (start_timer(&c.limit, &limit_is_up, length_ns) < 0) close(c);
    }

    static void limit_is_up(uv_timer_t* limit) {
        auto& c = *static_cast<connection*>(limit->data);
        for (auto const& backend : c.backends) {
            if (!c.request.lacks(backend->number)) continue;
            if (!write(*backend, c.request.question_again(backend->number))) return close(c);
            ++of(limit).outcome_.retries;
        }
    }

    static void heard(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& from = *static_cast<callback::stream*>(stream->data);
        auto& c = from.of;
        if (count == 0) return;
        if (count < 0) return close(c);
        from.frames.received(static_cast<std::size_t>(count));
        auto const waits = !c.request.is_complete();
        for (auto said = from.frames.next(); !said.empty(); said = from.frames.next()) {
            c.request.take(from.number, said);
        }
        if (waits && c.request.is_complete()) answer(c);
    }

    static void answer(connection& c) {
        ::uv_timer_stop(&c.limit);
        if (!write(c.client, c.request.reply())) return close(c);
        ++of(&c.limit).outcome_.requests;
        ask(c);
        if (c.request.is_complete() && std::exchange(c.unread, false)) read(c);
    }

    /// What fits: the sockets are all but empty.
    static bool write(stream& to, std::span<std::byte const> bytes) {
        auto data = ::uv_buf_init(const_cast<char*>(reinterpret_cast<char const*>(bytes.data())),
                                  static_cast<unsigned>(bytes.size()));
        return ::uv_try_write(as_stream(&to.tcp), &data, 1) == static_cast<int>(bytes.size());
    }

    sigpipe_ignored sigpipe_;
    gateway::params params_;
    gateway::outcome outcome_;
    sockaddr_in backend_{};
    uv_tcp_t listener_{};
    uv_poll_t stop_{};
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<gateway>> make_gateway(gateway::params const& params,
                                                         gateway::environment const& environment) {
    return std::make_unique<server>(params, environment);
}

} // namespace callback
