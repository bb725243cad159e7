// SPDX-License-Identifier: MIT
// The two servers of `echo`, which receive whole requests and wait for each on a steady_timer of
// the connection. Asio keeps the timers in a binary heap.

#include "cells.hpp"
#include "server.hpp"

#include "kernel/frames.hpp"

#include <chrono>
#include <memory>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::delay;

/// What all connections of one server share.
struct shared_state {
    shared_state(delay::params const& given, delay::environment const& around)
        : params(given), length(given.delay_us), listening(std::make_unique<server>(around)) {}
    /// Serves until told to stop.
    delay::outcome run() {
        listening->context.run();
        listening.reset();
        return out;
    }

    delay::params params;
    std::chrono::microseconds length;
    delay::outcome out;
    std::unique_ptr<server> listening;
};

class connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, shared_state& shared)
        : socket_(std::move(socket)),
          timer_(socket_.get_executor()),
          shared_(shared),
          frames_(shared.params.message_bytes) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    void next() {
        message_ = frames_.next();
        if (message_.empty()) return read();
        timer_.expires_after(shared_.length);
        timer_.async_wait([self = shared_from_this()](error_code) { self->answer(); });
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
                              ++self->shared_.out.requests;
                              self->next();
                          });
    }

    tcp::socket socket_;
    asio::steady_timer timer_;
    shared_state& shared_;
    kernel::frames frames_;
    std::span<std::byte const> message_; ///< the one that waits or is being answered
};

class by_callback final : public contract::session<delay> {
public:
    by_callback(delay::params const& params, delay::environment const& around)
        : shared_(params, around) {}

    delay::outcome run(contract::probe&) override {
        accept_with_handlers(*shared_.listening, [this](tcp::socket socket) {
            ++shared_.out.accepted;
            std::make_shared<connection>(std::move(socket), shared_)->next();
        });
        return shared_.run();
    }

private:
    shared_state shared_;
};

class by_coroutine final : public contract::session<delay> {
public:
    by_coroutine(delay::params const& params, delay::environment const& around)
        : shared_(params, around) {}

    delay::outcome run(contract::probe&) override {
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
        asio::steady_timer timer(socket.get_executor());
        while (true) {
            auto const room = frames.room();
            auto const bytes =
                co_await socket.async_read_some(asio::buffer(room.data(), room.size()), into_error);
            if (error) co_return; // end of file or a reset: this connection alone ends
            frames.received(bytes);
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                timer.expires_after(shared_.length);
                co_await timer.async_wait(asio::use_awaitable);
                co_await asio::async_write(socket, asio::buffer(message.data(), message.size()),
                                           into_error);
                if (error) co_return;
                ++shared_.out.requests;
            }
        }
    }
    shared_state shared_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay_callback(delay::params const& params,
                                                              delay::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<delay>> make_delay_coroutine(delay::params const& params,
                                                               delay::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
