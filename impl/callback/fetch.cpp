// SPDX-License-Identifier: MIT
// Each slot is a chain of callbacks: the read that completes a response hashes it and sends the
// next request. Connections are made, and reading starts, before the clock.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/hash.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <netinet/in.h>
#include <span>
#include <vector>

namespace callback {
namespace {

using contract::fetch;

class client;

struct slot {
    uv_tcp_t tcp; ///< `data` points to this slot
    uv_connect_t connect;
    uv_write_t write;
    std::array<char, 8> request;
    std::uint64_t index;
    std::size_t received;
    std::span<char> response; ///< one byte longer than a response, see `lend_buffer`
};

class client final : public contract::session<fetch> {
public:
    client(fetch::params const& params, std::uint16_t port)
        : params_(params),
          slots_(std::min(params.in_flight, params.requests)),
          responses_(slots_.size() * (params.response_bytes + 1)) {
        loop_.get()->data = this;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::span rest(responses_);
        for (auto& slot : slots_) {
            slot.response = rest.first(params.response_bytes + 1);
            rest = rest.subspan(slot.response.size());
            checked(::uv_tcp_init(loop_.get(), &slot.tcp), "uv_tcp_init");
            slot.tcp.data = &slot;
            checked(::uv_tcp_connect(&slot.connect, &slot.tcp,
                                     reinterpret_cast<sockaddr const*>(&address), &connected),
                    "connect to the backend");
        }
        loop_.run(); // until the last is connected and reading, see `connected`
    }

    fetch::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        for (std::size_t s = 0; s < slots_.size(); ++s) {
            request(slots_[s], s);
        }
        loop_.run();
        return outcome_;
    }

private:
    template <class Handle>
    static client& of(Handle* handle) {
        return *static_cast<client*>(handle->loop->data);
    }

    static void connected(uv_connect_t* connect, int status) {
        auto& self = of(connect->handle);
        if (status < 0) return self.loop_.fail(status, "connect to the backend");
        auto& slot = *static_cast<callback::slot*>(connect->handle->data);
        if (int const error = ::uv_tcp_nodelay(&slot.tcp, 1); error < 0) {
            return self.loop_.fail(error, "TCP_NODELAY");
        }
        if (int const error = ::uv_read_start(as_stream(&slot.tcp), &lend_buffer, &received);
            error < 0) {
            return self.loop_.fail(error, "uv_read_start");
        }
        if (++self.connected_ == self.slots_.size()) self.loop_.stop();
    }

    void request(slot& s, std::uint64_t index) {
        s.index = index;
        s.received = 0;
        for (std::size_t position = 0; position < s.request.size(); ++position) {
            s.request[position] = static_cast<char>(index >> (8 * position));
        }
        probe_->begin(index);
        auto data = ::uv_buf_init(s.request.data(), static_cast<unsigned>(s.request.size()));
        int const written = ::uv_try_write(as_stream(&s.tcp), &data, 1);
        if (written == static_cast<int>(data.len)) return;
        if (written < 0 && written != UV_EAGAIN) return loop_.fail(written, "send to the backend");
        auto const sent = static_cast<std::size_t>(written < 0 ? 0 : written);
        auto rest = ::uv_buf_init(data.base + sent, static_cast<unsigned>(data.len - sent));
        int const error = ::uv_write(&s.write, as_stream(&s.tcp), &rest, 1, &wrote_rest);
        if (error < 0) loop_.fail(error, "send to the backend");
    }

    static void wrote_rest(uv_write_t* write, int status) {
        if (status == UV_ECANCELED) return; // the session is being destroyed
        if (status < 0) of(write->handle).loop_.fail(status, "send to the backend");
    }

    /// One byte too many on purpose: libuv reads once more, in vain, when a read fills its buffer.
    static void lend_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto const& slot = *static_cast<callback::slot*>(handle->data);
        auto const rest = slot.response.subspan(slot.received);
        *buffer = ::uv_buf_init(rest.data(), static_cast<unsigned>(rest.size()));
    }

    static void received(uv_stream_t* stream, ssize_t count, uv_buf_t const*) {
        auto& self = of(stream);
        auto& slot = *static_cast<callback::slot*>(stream->data);
        if (count == UV_EOF) count = UV_ECONNRESET;
        if (count < 0) return self.loop_.fail(static_cast<int>(count), "receive from the backend");
        slot.received += static_cast<std::size_t>(count);
        auto const bytes = static_cast<std::size_t>(self.params_.response_bytes);
        if (slot.received < bytes) return;
        if (slot.received > bytes) return self.loop_.fail(EPROTO, "a response too long");

        self.probe_->end(slot.index);
        self.outcome_.checksum +=
            kernel::hash(slot.index, std::as_bytes(slot.response.first(bytes)));
        if (++self.outcome_.responses == self.params_.requests) return self.loop_.stop();
        auto const next = slot.index + self.params_.in_flight;
        if (next < self.params_.requests) self.request(slot, next);
    }

    sigpipe_ignored sigpipe_;
    fetch::params params_;
    fetch::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::size_t connected_ = 0;
    std::vector<slot> slots_;
    std::vector<char> responses_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch(fetch::params const& params,
                                                     fetch::environment const& environment) {
    return std::make_unique<client>(params, environment.backend_port);
}

} // namespace callback
