// SPDX-License-Identifier: MIT
// A read callback gets the bytes in a buffer that all connections share and tries to write them at
// once; only what the socket does not take is copied and queued, and reading stops until it is out.
// A poll handle on the stop descriptor ends the loop.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "event_loop.hpp"

#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace callback {
namespace {

using contract::echo;

/// On the heap, from accept to its close callback; `tcp.data` points to it. The handles of the
/// server have no data, so that one close callback does for both.
struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    std::vector<char> unsent; ///< what `write` is writing
};

class server final : public contract::session<echo> {
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

    echo::outcome run(contract::probe&) override {
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
        auto data = ::uv_buf_init(buffer->base, static_cast<unsigned>(count));
        int const written = ::uv_try_write(stream, &data, 1);
        if (written < 0 && written != UV_EAGAIN) return close(c);
        auto const sent = static_cast<std::size_t>(written < 0 ? 0 : written);
        of(stream).outcome_.echoed_bytes += sent;
        if (sent < data.len) write_rest(c, {data.base + sent, data.len - sent});
    }

    /// The peer does not read as fast as it writes: keep a copy, and read nothing more until it is
    /// out.
    static void write_rest(connection& c, std::string_view rest) {
        c.unsent.assign(rest.begin(), rest.end());
        ::uv_read_stop(as_stream(&c.tcp));
        c.write.data = &c;
        auto data = ::uv_buf_init(c.unsent.data(), static_cast<unsigned>(c.unsent.size()));
        if (::uv_write(&c.write, as_stream(&c.tcp), &data, 1, &wrote_rest) < 0) close(c);
    }

    static void wrote_rest(uv_write_t* write, int status) {
        auto& c = *static_cast<connection*>(write->data);
        if (status == UV_ECANCELED) return; // closing, and `c` lives until the close callback
        if (status < 0) return close(c);
        of(&c.tcp).outcome_.echoed_bytes += c.unsent.size();
        read(c);
    }

    sigpipe_ignored sigpipe_;
    echo::outcome outcome_;
    std::vector<char> buffer_; ///< one for all: nothing stays in it after a read callback
    uv_tcp_t listener_;
    uv_poll_t stop_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo(echo::params const&,
                                                   echo::environment const& environment) {
    return std::make_unique<server>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept(contract::accept::params const& params, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(make_echo(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(make_echo(contract::as_echo(params), around));
}

} // namespace callback
