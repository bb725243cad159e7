// SPDX-License-Identifier: MIT
// A read callback gets the bytes in a buffer that all connections share, has them parsed and tries
// to write the answers at once; what the socket does not take stays in the exchange, and reading
// stops until it is out. A poll handle on the stop descriptor ends the loop.
#include "kernel/http.hpp"
#include "cells.hpp"
#include "event_loop.hpp"

#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace callback {
namespace {

using contract::http;

/// On the heap, from accept to its close callback; `tcp.data` points to it. The handles of the
/// server have no data, so that one close callback does for both.
struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    kernel::http_exchange exchange;
};

class server final : public contract::session<http> {
public:
    explicit server(contract::server_environment const& environment) : buffer_(65'536) {
        loop_.get()->data = this;
        checked(::uv_tcp_init(loop_.get(), &listener_), "uv_tcp_init");
        listener_.data = nullptr;
        // libuv closes what it opens, and the harness keeps its descriptor: listen on a copy.
        int const copy = ::fcntl(environment.listen_fd, F_DUPFD_CLOEXEC, 0);
        if (copy == -1) throw std::system_error(errno, std::generic_category(), "F_DUPFD_CLOEXEC");
        if (int const error = ::uv_tcp_open(&listener_, copy); error < 0) {
            ::close(copy);
            checked(error, "uv_tcp_open");
        }
        checked(::uv_poll_init(loop_.get(), &stop_, environment.stop_fd), "uv_poll_init");
        stop_.data = nullptr;
    }

    ~server() override { loop_.close_handles(&closed); }

    http::outcome run(contract::probe&) override {
        outcome_ = {};
        checked(::uv_listen(as_stream(&listener_), SOMAXCONN, &connected), "uv_listen");
        checked(::uv_poll_start(&stop_, UV_READABLE | UV_DISCONNECT, &stopped), "uv_poll_start");
        loop_.run();
        loop_.close_handles(&closed);
        return outcome_;
    }

private:
    template <class Handle>
    static server& of(Handle* handle) {
        return *static_cast<server*>(handle->loop->data);
    }

    static void stopped(uv_poll_t* stop, int, int) { of(stop).loop_.stop(); }

    static void closed(uv_handle_t* handle) { delete static_cast<connection*>(handle->data); }

    static void close(connection& c) {
        if (::uv_is_closing(as_handle(&c.tcp)) == 0) ::uv_close(as_handle(&c.tcp), &closed);
    }

    static void connected(uv_stream_t* listener, int status) {
        auto& self = of(listener);
        if (status == UV_ECONNABORTED || status == UV_EPROTO) return;
        if (status < 0) return self.loop_.fail(status, "accept");
        auto c = std::make_unique<connection>();
        if (int const error = ::uv_tcp_init(listener->loop, &c->tcp); error < 0) {
            return self.loop_.fail(error, "uv_tcp_init");
        }
        c->tcp.data = c.get();
        auto& kept = *c.release();
        if (int const error = ::uv_accept(listener, as_stream(&kept.tcp)); error < 0) {
            close(kept);
            return self.loop_.fail(error, "uv_accept");
        }
        ++self.outcome_.accepted;
        // Fails only for a peer that has reset meanwhile; the first read will tell.
        ::uv_tcp_nodelay(&kept.tcp, 1);
        read(kept);
    }

    static void read(connection& c) {
        if (::uv_read_start(as_stream(&c.tcp), &lend_buffer, &received) < 0) close(c);
    }

    static void lend_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& shared = of(handle).buffer_;
        *buffer = ::uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
    }

    static void received(uv_stream_t* stream, ssize_t count, uv_buf_t const* buffer) {
        auto& c = *static_cast<connection*>(stream->data);
        if (count == 0) return; // nothing there after all
        if (count < 0) return close(c);
        auto const before = c.exchange.requests();
        c.exchange.receive(std::as_bytes(std::span(buffer->base, static_cast<std::size_t>(count))));
        of(stream).outcome_.requests += c.exchange.requests() - before;
        auto const replies = unsent(c);
        if (replies.len != 0) {
            int const written = ::uv_try_write(stream, &replies, 1);
            if (written < 0 && written != UV_EAGAIN) return close(c);
            note_sent(c, static_cast<std::size_t>(written < 0 ? 0 : written));
        }
        if (unsent(c).len != 0) return write_rest(c);
        if (c.exchange.over()) ::shutdown(socket_of(c), SHUT_WR);
    }

    static uv_buf_t unsent(connection const& c) {
        auto const bytes = c.exchange.unsent();
        // libuv's buffers are not const; it only reads these.
        return ::uv_buf_init(const_cast<char*>(reinterpret_cast<char const*>(bytes.data())),
                             static_cast<unsigned>(bytes.size()));
    }

    static void note_sent(connection& c, std::size_t bytes) {
        of(&c.tcp).outcome_.sent_bytes += bytes;
        c.exchange.sent(bytes);
    }

    static int socket_of(connection const& c) {
        uv_os_fd_t fd = -1;
        ::uv_fileno(reinterpret_cast<uv_handle_t const*>(&c.tcp), &fd);
        return fd;
    }

    /// The peer does not read as fast as it asks: read nothing more until the answers are out.
    static void write_rest(connection& c) {
        ::uv_read_stop(as_stream(&c.tcp));
        c.write.data = &c;
        auto const data = unsent(c);
        if (::uv_write(&c.write, as_stream(&c.tcp), &data, 1, &wrote_rest) < 0) close(c);
    }

    static void wrote_rest(uv_write_t* write, int status) {
        auto& c = *static_cast<connection*>(write->data);
        if (status == UV_ECANCELED) return; // closing, and `c` lives until the close callback
        if (status < 0) return close(c);
        note_sent(c, c.exchange.unsent().size());
        if (c.exchange.over()) ::shutdown(socket_of(c), SHUT_WR);
        read(c);
    }

    sigpipe_ignored sigpipe_;
    http::outcome outcome_;
    std::vector<char> buffer_; ///< one for all: nothing stays in it after a read callback
    uv_tcp_t listener_;
    uv_poll_t stop_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<http>> make_http(http::params const&,
                                                   http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<server>(environment);
}

} // namespace callback
