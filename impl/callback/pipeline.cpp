// SPDX-License-Identifier: MIT
// Each slot is a chain of callbacks: the read that completes a picture queues work for libuv's
// thread pool, which makes it small and writes it, and the callback on the loop asks for the next.
// Connections are made before the clock.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "thread_pool_size.hpp"

#include <exception>
#include <fstream>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <vector>

namespace callback {
namespace {

using contract::pipeline;

void save(std::string const& path, std::span<std::byte const> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), path);
}

struct slot {
    explicit slot(std::size_t picture_bytes) : reply(picture_bytes) {}

    uv_tcp_t tcp; ///< `data` points to this slot, as that of `work` does
    uv_connect_t connect;
    uv_write_t write;
    uv_work_t work;
    std::uint64_t i = 0;
    std::string request;
    kernel::http_download reply;
    std::vector<std::byte> file;
    std::exception_ptr failure; ///< of the thread that had `work`
};

class client final : public contract::session<pipeline> {
public:
    client(pipeline::params const& params, pipeline::environment const& environment)
        : params_(params),
          folder_(environment.output_folder),
          make_small_(params.side, params.thumbnail_side) {
        size_thread_pool(environment.limits.workers);
        loop_.get()->data = this;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(environment.backend_port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (std::uint64_t s = 0; s < params.in_flight; ++s) {
            slots_.push_back(std::make_unique<slot>(kernel::picture_bytes(params.side)));
            auto& slot = *slots_.back();
            checked(::uv_tcp_init(loop_.get(), &slot.tcp), "uv_tcp_init");
            slot.tcp.data = &slot;
            slot.work.data = &slot;
            checked(::uv_tcp_connect(&slot.connect, &slot.tcp,
                                     reinterpret_cast<sockaddr const*>(&address), &connected),
                    "connect to the backend");
        }
        loop_.run(); // until the last is connected and reading, see `connected`
    }

    pipeline::outcome run(contract::probe& probe) override {
        outcome_ = {};
        next_ = 0;
        probe_ = &probe;
        for (auto const& slot : slots_) {
            start(*slot);
        }
        try {
            loop_.run();
        } catch (...) {
            probe_ = nullptr; // the pool may still have work, and the probe is its maker's
            throw;
        }
        return outcome_;
    }

private:
    static client& of(uv_loop_t const* loop) { return *static_cast<client*>(loop->data); }

    static void connected(uv_connect_t* connect, int status) {
        auto& self = of(connect->handle->loop);
        if (status < 0) return self.loop_.fail(status, "connect to the backend");
        auto& slot = *static_cast<callback::slot*>(connect->handle->data);
        if (int const error = ::uv_tcp_nodelay(&slot.tcp, 1); error < 0) {
            return self.loop_.fail(error, "TCP_NODELAY");
        }
        if (int const error = ::uv_read_start(as_stream(&slot.tcp), &lend_room, &received);
            error < 0) {
            return self.loop_.fail(error, "uv_read_start");
        }
        if (++self.connected_ == self.slots_.size()) self.loop_.stop();
    }

    void start(slot& s) {
        if (next_ == params_.items) return;
        s.i = next_++;
        s.request = kernel::http_get(s.i);
        probe_->begin(s.i);
        auto data = ::uv_buf_init(s.request.data(), static_cast<unsigned>(s.request.size()));
        int const error = ::uv_write(&s.write, as_stream(&s.tcp), &data, 1, &wrote);
        if (error < 0) loop_.fail(error, "send to the backend");
    }

    static void wrote(uv_write_t* write, int status) {
        if (status == UV_ECANCELED) return; // the session is being destroyed
        if (status < 0) of(write->handle->loop).loop_.fail(status, "send to the backend");
    }

    static void lend_room(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto const room = static_cast<callback::slot*>(handle->data)->reply.room();
        *buffer =
            ::uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
    }

    static void received(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& self = of(stream->loop);
        auto& slot = *static_cast<callback::slot*>(stream->data);
        if (count == 0) return; // nothing there after all
        if (count == UV_EOF) count = UV_ECONNRESET;
        if (count < 0) return self.loop_.fail(static_cast<int>(count), "receive from the backend");
        try {
            if (!slot.reply.received(static_cast<std::size_t>(count))) return;
        } catch (...) {
            return self.loop_.fail(std::current_exception());
        }
        int const error = ::uv_queue_work(stream->loop, &slot.work, &make_and_save, &made);
        if (error < 0) self.loop_.fail(error, "uv_queue_work");
    }

    /// On a thread of the pool.
    static void make_and_save(uv_work_t* work) {
        auto const& self = of(work->loop);
        auto& slot = *static_cast<callback::slot*>(work->data);
        try {
            slot.file = self.make_small_(slot.reply.body());
            save(kernel::thumbnail_path(self.folder_, slot.i), slot.file);
        } catch (...) {
            slot.failure = std::current_exception();
        }
    }

    static void made(uv_work_t* work, int) {
        auto& self = of(work->loop);
        auto& slot = *static_cast<callback::slot*>(work->data);
        if (self.probe_ == nullptr) return; // the session is being destroyed
        if (slot.failure) return self.loop_.fail(std::exchange(slot.failure, nullptr));
        self.probe_->end(slot.i);
        ++self.outcome_.items;
        self.outcome_.written_bytes += slot.file.size();
        self.outcome_.checksum += kernel::hash(slot.i, slot.file);
        if (self.outcome_.items == self.params_.items) return self.loop_.stop();
        self.start(slot);
    }

    sigpipe_ignored sigpipe_;
    pipeline::params params_;
    std::string folder_;
    kernel::thumbnailer make_small_;
    pipeline::outcome outcome_;
    std::uint64_t next_ = 0;
    contract::probe* probe_ = nullptr;
    std::size_t connected_ = 0;
    std::vector<std::unique_ptr<slot>> slots_;
    event_loop loop_; ///< last: its destructor closes the handles above and waits for the pool
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<client>(params, environment);
}

} // namespace callback
