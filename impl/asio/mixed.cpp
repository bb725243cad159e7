// SPDX-License-Identifier: MIT
// The two servers of `echo`, which receive whole requests. An expensive one burns in the handler or
// the coroutine, and all others wait; with `offload` it goes to an asio::thread_pool of `workers`
// threads: posted there and its answer posted back, or as a coroutine spawned there and awaited.

#include "cells.hpp"
#include "server.hpp"

#include "kernel/frames.hpp"
#include "kernel/spin.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::mixed;

/// What all connections of one server share.
struct shared_state {
    shared_state(mixed::params const& given, mixed::environment const& around)
        : params(given), length(given.burn_us), listening(std::make_unique<server>(around)) {
        if (params.offload != 0) pool.emplace(around.limits.workers);
    }
    /// Serves until told to stop. A pool thread that burns answers to a context that still lives.
    mixed::outcome run() {
        listening->context.run();
        if (pool) pool->join();
        listening.reset();
        return out;
    }
    void answered(std::span<std::byte const> message) noexcept {
        ++out.requests;
        out.dear += mixed::is_dear(message.front()) ? 1 : 0;
    }

    mixed::params params;
    std::chrono::microseconds length;
    mixed::outcome out;
    std::unique_ptr<server> listening;
    std::optional<asio::thread_pool> pool;
};

class connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, shared_state& shared)
        : socket_(std::move(socket)), shared_(shared), frames_(shared.params.message_bytes) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    void next() {
        message_ = frames_.next();
        if (message_.empty()) return read();
        if (!mixed::is_dear(message_.front())) return answer();
        if (!shared_.pool) {
            kernel::burn(shared_.length);
            return answer();
        }
        asio::post(*shared_.pool, [self = shared_from_this()] {
            kernel::burn(self->shared_.length);
            asio::post(self->socket_.get_executor(), [self] { self->answer(); });
        });
    }

private:
    void read() {
        auto const room = frames_.room();
        socket_.async_read_some(asio::buffer(room.data(), room.size()),
                                [self = shared_from_this()](error_code error, std::size_t bytes) {
                                    if (error) return;
                                    self->frames_.received(bytes);
                                    self->next();
                                });
    }
    void answer() {
        asio::async_write(socket_, asio::buffer(message_.data(), message_.size()),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) return;
                              self->shared_.answered(self->message_);
                              self->next();
                          });
    }

    tcp::socket socket_;
    shared_state& shared_;
    kernel::frames frames_;
    std::span<std::byte const> message_; ///< the one that is being answered
};

class by_callback final : public contract::session<mixed> {
public:
    by_callback(mixed::params const& params, mixed::environment const& around)
        : shared_(params, around) {}

    mixed::outcome run(contract::probe&) override {
        accept_with_handlers(*shared_.listening, [this](tcp::socket socket) {
            ++shared_.out.accepted;
            std::make_shared<connection>(std::move(socket), shared_)->next();
        });
        return shared_.run();
    }

private:
    shared_state shared_;
};

class by_coroutine final : public contract::session<mixed> {
public:
    by_coroutine(mixed::params const& params, mixed::environment const& around)
        : shared_(params, around) {}

    mixed::outcome run(contract::probe&) override {
        auto& context = shared_.listening->context;
        auto const serve_one = [&](tcp::socket socket) {
            ++shared_.out.accepted;
            asio::co_spawn(context, serve(std::move(socket)), rethrow);
        };
        asio::co_spawn(context, accept_in_a_coroutine(*shared_.listening, serve_one), rethrow);
        return shared_.run();
    }

private:
    asio::awaitable<void> serve(tcp::socket socket) {
        error_code error;
        socket.set_option(tcp::no_delay(true), error);
        auto into_error = asio::redirect_error(asio::use_awaitable, error);
        kernel::frames frames(shared_.params.message_bytes);
        while (true) {
            auto const room = frames.room();
            auto const bytes =
                co_await socket.async_read_some(asio::buffer(room.data(), room.size()), into_error);
            if (error) co_return; // end of file or a reset: this connection alone ends
            frames.received(bytes);
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                if (mixed::is_dear(message.front())) co_await burn();
                co_await asio::async_write(socket, asio::buffer(message.data(), message.size()),
                                           into_error);
                if (error) co_return;
                shared_.answered(message);
            }
        }
    }
    asio::awaitable<void> burn() {
        if (shared_.pool) {
            co_await asio::co_spawn(*shared_.pool, burn_there(), asio::use_awaitable);
        } else {
            kernel::burn(shared_.length);
        }
    }
    asio::awaitable<void> burn_there() {
        kernel::burn(shared_.length);
        co_return;
    }

    shared_state shared_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed_callback(mixed::params const& params,
                                                              mixed::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<mixed>> make_mixed_coroutine(mixed::params const& params,
                                                               mixed::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
