// SPDX-License-Identifier: MIT
// The callbacks of `echo`, with messages cut to length. A request starts the connection's uv_timer,
// whose callback answers; until then that connection has no room to read into. libuv counts whole
// milliseconds: waits are rounded up, and all that end in one millisecond end together.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/frames.hpp"
#include "timer.hpp"

#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace callback {
namespace {

using contract::delay;

/// On the heap, from accept to the close callback of the last of its two handles, whose data points
/// to it. The handles of the server have no data, so that one close callback does for all.
struct connection {
    explicit connection(std::size_t message_bytes) : frames(message_bytes) {}
    uv_tcp_t tcp;
    uv_timer_t timer;
    kernel::frames frames;
    std::span<std::byte const> waiting{};
    bool unread = false; ///< its peer did not wait for the answer: read on afterwards
    int open_handles = 2;
};

class server final : public contract::session<delay> {
public:
    server(delay::params const& params, delay::environment const& environment) : params_(params) {
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

    delay::outcome run(contract::probe&) override {
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

    static void closed(uv_handle_t* handle) {
        auto* const c = static_cast<connection*>(handle->data);
        if (c != nullptr && --c->open_handles == 0) delete c;
    }

    static void close(connection& c) {
        if (::uv_is_closing(as_handle(&c.tcp)) != 0) return;
        ::uv_close(as_handle(&c.tcp), &closed);
        ::uv_close(as_handle(&c.timer), &closed);
    }

    static void connected(uv_stream_t* listener, int status) {
        auto& self = of(listener);
        if (status == UV_ECONNABORTED || status == UV_EPROTO) return;
        if (status < 0) return self.loop_.fail(status, "accept");
        auto c = std::make_unique<connection>(self.params_.message_bytes);
        if (int const error = ::uv_tcp_init(listener->loop, &c->tcp); error < 0) {
            return self.loop_.fail(error, "uv_tcp_init");
        }
        ::uv_timer_init(listener->loop, &c->timer); // which cannot fail
        c->tcp.data = c.get();
        c->timer.data = c.get();
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
        if (::uv_read_start(as_stream(&c.tcp), &lend_room, &received) < 0) close(c);
    }

    static void lend_room(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& c = *static_cast<connection*>(handle->data);
        if (!c.waiting.empty()) { // no room: `received` is called with UV_ENOBUFS
            *buffer = ::uv_buf_init(nullptr, 0);
            return;
        }
        auto const room = c.frames.room();
        *buffer =
            ::uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
    }

    static void received(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& c = *static_cast<connection*>(stream->data);
        if (count == 0) return; // nothing there after all
        if (count == UV_ENOBUFS) {
            ::uv_read_stop(stream);
            c.unread = true;
            return;
        }
        if (count < 0) return close(c);
        c.frames.received(static_cast<std::size_t>(count));
        serve(c);
    }

    /// Takes the next request that has come, if any, and lets it wait.
    static void serve(connection& c) {
        c.waiting = c.frames.next();
        if (c.waiting.empty()) return;
        auto const length_ns = of(&c.tcp).params_.delay_us * 1'000;
        if (start_timer(&c.timer, &waited, length_ns) < 0) close(c);
    }

    static void waited(uv_timer_t* timer) {
        auto& c = *static_cast<connection*>(timer->data);
        if (!of(timer).answer(c, c.waiting)) return;
        serve(c);
        if (c.waiting.empty() && std::exchange(c.unread, false)) read(c);
    }

    bool answer(connection& c, std::span<std::byte const> message) {
        auto data = ::uv_buf_init(const_cast<char*>(reinterpret_cast<char const*>(message.data())),
                                  static_cast<unsigned>(message.size()));
        if (::uv_try_write(as_stream(&c.tcp), &data, 1) == static_cast<int>(message.size())) {
            ++outcome_.requests;
            return true;
        }
        close(c);
        return false;
    }

    sigpipe_ignored sigpipe_;
    delay::params params_;
    delay::outcome outcome_;
    uv_tcp_t listener_;
    uv_poll_t stop_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay(delay::params const& params,
                                                     delay::environment const& environment) {
    return std::make_unique<server>(params, environment);
}

} // namespace callback
