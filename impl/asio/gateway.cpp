// SPDX-License-Identifier: MIT
// The two servers of `echo`, with a socket to each backend beside the client's: an async_read of
// one answer after another is always under way on each of them. The limit is a steady_timer; the
// coroutine waits for it, and whoever hears the last answer cancels it.

#include "cells.hpp"
#include "server.hpp"

#include "kernel/frames.hpp"
#include "kernel/gateway.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::gateway;

/// What all connections of one server share.
struct shared_state {
    shared_state(gateway::params const& given, gateway::environment const& around)
        : params(given),
          limit(given.limit_us),
          backend(asio::ip::address_v4::loopback(), around.backend_port),
          listening(std::make_unique<server>(contract::listening(around))) {}
    /// Serves until told to stop.
    gateway::outcome run() {
        listening->context.run();
        listening.reset();
        return out;
    }

    gateway::params params;
    std::chrono::microseconds limit;
    tcp::endpoint backend;
    gateway::outcome out;
    std::unique_ptr<server> listening;
};

/// A connection to a backend, and what is sent and received there.
struct link {
    link(tcp::socket::executor_type const& on, std::size_t answer_bytes)
        : socket(on), answer(kernel::gateway_tag_bytes + answer_bytes) {}

    tcp::socket socket;
    std::array<std::byte, kernel::gateway_question_bytes> question{};
    std::vector<std::byte> answer;
};

/// What both forms keep for a client.
struct client {
    client(tcp::socket peer, shared_state& with)
        : socket(std::move(peer)),
          limit(socket.get_executor()),
          shared(with),
          frames(kernel::gateway_request_bytes),
          request(with.params.backends, with.params.answer_bytes) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket.set_option(tcp::no_delay(true), ignored);
        links.reserve(with.params.backends);
        for (std::uint64_t i = 0; i < with.params.backends; ++i) {
            links.emplace_back(socket.get_executor(), with.params.answer_bytes);
        }
    }
    /// Ends all that is under way for it.
    void close() {
        error_code ignored;
        socket.close(ignored);
        limit.cancel();
        for (auto& each : links) {
            each.socket.close(ignored);
        }
    }

    tcp::socket socket;
    asio::steady_timer limit;
    shared_state& shared;
    kernel::frames frames;
    kernel::gateway_request request;
    std::vector<link> links;
    bool closed = false;
};

class connection : public client, public std::enable_shared_from_this<connection> {
public:
    using client::client;

    /// To one backend after another, and then the client is read.
    void connect(std::size_t i = 0) {
        if (i == links.size()) return next();
        links[i].socket.async_connect(
            shared.backend, [self = shared_from_this(), i](error_code error) {
                if (error) return self->close();
                self->links[i].socket.set_option(tcp::no_delay(true), error);
                self->hear(i);
                self->connect(i + 1);
            });
    }

private:
    void next() {
        auto const message = frames.next();
        if (message.empty()) return read();
        request.begin(message);
        for (std::size_t i = 0; i < links.size(); ++i) {
            ask(i, request.question(i));
        }
        ++asked_;
        limit.expires_after(shared.limit);
        limit.async_wait([self = shared_from_this(), asked = asked_](error_code error) {
            // One that was up already when the last answer came is of no request any more.
            if (!error && asked == self->asked_) self->ask_again();
        });
    }
    void read() {
        auto const room = frames.room();
        socket.async_read_some(asio::buffer(room.data(), room.size()),
                               [self = shared_from_this()](error_code error, std::size_t bytes) {
                                   if (error) return self->close();
                                   self->frames.received(bytes);
                                   self->next();
                               });
    }
    void ask(std::size_t i, std::array<std::byte, kernel::gateway_question_bytes> const& question) {
        links[i].question = question;
        asio::async_write(links[i].socket, asio::buffer(links[i].question),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) self->close();
                          });
    }
    void ask_again() {
        for (std::size_t i = 0; i < links.size(); ++i) {
            if (!request.lacks(i)) continue;
            ++shared.out.retries;
            ask(i, request.question_again(i));
        }
    }
    void hear(std::size_t i) {
        asio::async_read(links[i].socket, asio::buffer(links[i].answer),
                         [self = shared_from_this(), i](error_code error, std::size_t) {
                             if (error) return self->close();
                             self->take(i);
                             self->hear(i);
                         });
    }
    void take(std::size_t i) {
        auto const waits = !request.is_complete();
        request.take(i, links[i].answer);
        if (!waits || !request.is_complete()) return;
        limit.cancel();
        ++asked_;
        answer();
    }
    void answer() {
        auto const reply = request.reply();
        asio::async_write(socket, asio::buffer(reply.data(), reply.size()),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->close();
                              ++self->shared.out.requests;
                              self->next();
                          });
    }

    std::uint64_t asked_ = 0; ///< which request is under way
};

class by_callback final : public contract::session<gateway> {
public:
    by_callback(gateway::params const& params, gateway::environment const& around)
        : shared_(params, around) {}

    gateway::outcome run(contract::probe&) override {
        accept_with_handlers(*shared_.listening, [this](tcp::socket socket) {
            ++shared_.out.accepted;
            std::make_shared<connection>(std::move(socket), shared_)->connect();
        });
        return shared_.run();
    }

private:
    shared_state shared_;
};

/// Takes the answers of backend `i` until it or the client has gone.
asio::awaitable<void> hear(std::shared_ptr<client> whose, std::size_t i) {
    auto& from = whose->links[i];
    while (!whose->closed) {
        error_code error;
        co_await asio::async_read(from.socket, asio::buffer(from.answer),
                                  asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        whose->request.take(i, from.answer);
        if (whose->request.is_complete()) whose->limit.cancel();
    }
    whose->closed = true;
    whose->limit.cancel();
}

/// False: a backend has gone.
asio::awaitable<bool> ask(client& whose) {
    error_code error;
    auto into_error = asio::redirect_error(asio::use_awaitable, error);
    // Before anything is awaited: whoever hears the last answer cancels this wait.
    whose.limit.expires_after(whose.shared.limit);
    for (std::size_t i = 0; i < whose.links.size(); ++i) {
        auto const question = whose.request.question(i);
        co_await asio::async_write(whose.links[i].socket, asio::buffer(question), into_error);
        if (error) co_return false;
    }
    if (!whose.request.is_complete() && !whose.closed) co_await whose.limit.async_wait(into_error);
    whose.limit.expires_at(asio::steady_timer::time_point::max());
    for (std::size_t i = 0; i < whose.links.size(); ++i) {
        if (!whose.request.lacks(i) || whose.closed) continue;
        ++whose.shared.out.retries;
        auto const question = whose.request.question_again(i);
        co_await asio::async_write(whose.links[i].socket, asio::buffer(question), into_error);
        if (error) co_return false;
    }
    while (!whose.request.is_complete() && !whose.closed) {
        co_await whose.limit.async_wait(into_error);
    }
    co_return !whose.closed;
}

asio::awaitable<bool> connect(std::shared_ptr<client> whose) {
    for (std::size_t i = 0; i < whose->links.size(); ++i) {
        auto& socket = whose->links[i].socket;
        error_code error;
        co_await socket.async_connect(whose->shared.backend,
                                      asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
        socket.set_option(tcp::no_delay(true), error);
        asio::co_spawn(socket.get_executor(), hear(whose, i), rethrow);
    }
    co_return true;
}

asio::awaitable<void> talk(client& with) {
    error_code error;
    auto into_error = asio::redirect_error(asio::use_awaitable, error);
    while (true) {
        auto const room = with.frames.room();
        auto const bytes = co_await with.socket.async_read_some(
            asio::buffer(room.data(), room.size()), into_error);
        if (error) co_return; // end of file or a reset: this connection alone ends
        with.frames.received(bytes);
        for (auto message = with.frames.next(); !message.empty(); message = with.frames.next()) {
            with.request.begin(message);
            auto const answered = co_await ask(with);
            if (!answered) co_return;
            auto const reply = with.request.reply();
            co_await asio::async_write(with.socket, asio::buffer(reply.data(), reply.size()),
                                       into_error);
            if (error) co_return;
            ++with.shared.out.requests;
        }
    }
}

asio::awaitable<void> serve(std::shared_ptr<client> whose) {
    // Apart: g++ 12 does not compile an await in the condition of another.
    auto const connected = co_await connect(whose);
    if (connected) co_await talk(*whose);
    whose->closed = true;
    whose->close();
}

class by_coroutine final : public contract::session<gateway> {
public:
    by_coroutine(gateway::params const& params, gateway::environment const& around)
        : shared_(params, around) {}

    gateway::outcome run(contract::probe&) override {
        auto& context = shared_.listening->context;
        auto const serve_one = [&](tcp::socket socket) {
            ++shared_.out.accepted;
            asio::co_spawn(context, serve(std::make_shared<client>(std::move(socket), shared_)),
                           rethrow);
        };
        asio::co_spawn(context, accept_in_a_coroutine(*shared_.listening, serve_one), rethrow);
        return shared_.run();
    }

private:
    shared_state shared_;
};

} // namespace

std::unique_ptr<contract::session<gateway>>
make_gateway_callback(gateway::params const& params, gateway::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<gateway>>
make_gateway_coroutine(gateway::params const& params, gateway::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
