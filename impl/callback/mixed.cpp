// SPDX-License-Identifier: MIT
// The callbacks of `echo`, with messages cut to length. An expensive one burns in the read
// callback, and the loop stands still; with `offload`, uv_queue_work burns it on libuv's thread
// pool and the callback on the loop answers, while that connection is not read.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "thread_pool_size.hpp"

#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <unistd.h>

namespace callback {
namespace {

using contract::mixed;

/// On the heap, from accept to its close callback; `tcp.data` points to it. The handles of the
/// server have no data, so that one close callback does for both.
struct connection {
    explicit connection(std::size_t message_bytes) : frames(message_bytes) {}
    uv_tcp_t tcp;
    uv_work_t work;
    kernel::frames frames;
    std::span<std::byte const> burning;
    bool at_work = false; ///< a thread of the pool has `work`: closing waits for it
};

class server final : public contract::session<mixed> {
public:
    server(mixed::params const& params, mixed::environment const& environment) : params_(params) {
        if (params.offload == 1) size_thread_pool(environment.limits.workers);
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

    mixed::outcome run(contract::probe&) override {
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
        if (c == nullptr) return;
        if (!c->at_work)
            delete c;
        else
            c->tcp.data = nullptr; // `burnt` deletes it
    }

    static void close(connection& c) {
        if (::uv_is_closing(as_handle(&c.tcp)) == 0) ::uv_close(as_handle(&c.tcp), &closed);
    }

    static void connected(uv_stream_t* listener, int status) {
        auto& self = of(listener);
        if (status == UV_ECONNABORTED || status == UV_EPROTO) return;
        if (status < 0) return self.loop_.fail(status, "accept");
        auto c = std::make_unique<connection>(self.params_.message_bytes);
        if (int const error = ::uv_tcp_init(listener->loop, &c->tcp); error < 0) {
            return self.loop_.fail(error, "uv_tcp_init");
        }
        c->tcp.data = c.get();
        c->work.data = c.get();
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
        auto const room = static_cast<connection*>(handle->data)->frames.room();
        *buffer =
            ::uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
    }

    static void received(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& c = *static_cast<connection*>(stream->data);
        if (count == 0) return; // nothing there after all
        if (count < 0) return close(c);
        c.frames.received(static_cast<std::size_t>(count));
        serve(c);
    }

    /// False when a thread of the pool has a request of this connection, or it is closing.
    static bool serve(connection& c) {
        auto& self = of(&c.tcp);
        for (auto message = c.frames.next(); !message.empty(); message = c.frames.next()) {
            if (mixed::is_dear(message.front())) {
                if (self.params_.offload == 1) {
                    self.burn_elsewhere(c, message);
                    return false;
                }
                kernel::burn(self.length());
            }
            if (!self.answer(c, message)) return false;
        }
        return true;
    }

    void burn_elsewhere(connection& c, std::span<std::byte const> message) {
        ::uv_read_stop(as_stream(&c.tcp));
        c.burning = message;
        if (::uv_queue_work(loop_.get(), &c.work, &burn, &burnt) < 0) return close(c);
        c.at_work = true;
    }

    /// On a thread of the pool.
    static void burn(uv_work_t* work) { kernel::burn(of(work).length()); }

    /// On the loop.
    static void burnt(uv_work_t* work, int) {
        auto& c = *static_cast<connection*>(work->data);
        c.at_work = false;
        if (c.tcp.data == nullptr) {
            delete &c;
        } else if (::uv_is_closing(as_handle(&c.tcp)) == 0 && of(work).answer(c, c.burning) &&
                   serve(c)) {
            read(c);
        }
    }

    bool answer(connection& c, std::span<std::byte const> message) {
        ++outcome_.requests;
        if (mixed::is_dear(message.front())) ++outcome_.dear;
        auto data = ::uv_buf_init(const_cast<char*>(reinterpret_cast<char const*>(message.data())),
                                  static_cast<unsigned>(message.size()));
        if (::uv_try_write(as_stream(&c.tcp), &data, 1) == static_cast<int>(message.size())) {
            return true;
        }
        close(c);
        return false;
    }

    [[nodiscard]] std::chrono::microseconds length() const {
        return std::chrono::microseconds(params_.burn_us);
    }

    sigpipe_ignored sigpipe_;
    mixed::params params_;
    mixed::outcome outcome_;
    uv_tcp_t listener_;
    uv_poll_t stop_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed(mixed::params const& params,
                                                     mixed::environment const& environment) {
    return std::make_unique<server>(params, environment);
}

} // namespace callback
