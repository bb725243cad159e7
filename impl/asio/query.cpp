// SPDX-License-Identifier: MIT
// A pool of connections whose sockets are stream_descriptors: wait until one is readable, give
// libpq what has come, start the next statement when the result is whole. Completion handlers on a
// slot object, or one coroutine a slot. libpq does not block.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using contract::query;

struct slot {
    slot(asio::io_context& context, char const* database)
        : connection(database), socket(context, connection.socket()) {}
    slot(slot const&) = delete;
    slot& operator=(slot const&) = delete;
    ~slot() { socket.release(); } // libpq closes it

    postgres::connection connection;
    stream_descriptor socket;
    std::uint64_t i = 0;
};

class query_session : public contract::session<query> {
public:
    query_session(query::params const& params, query::environment const& around)
        : params_(params), seed_(around.limits.seed) {
        for (std::uint64_t i = 0; i < params.connections; ++i) {
            slots_.push_back(std::make_unique<slot>(context_, around.database));
        }
    }

    query::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        for (auto const& each : slots_) {
            start(*each, probe);
        }
        context_.restart();
        context_.run();
        return out_;
    }

protected:
    virtual void start(slot& entry, contract::probe& probe) = 0;

    /// False when no statement is left.
    bool send_next(slot& entry, contract::probe& probe) {
        if (next_ == params_.queries) return false;
        entry.i = next_++;
        probe.begin(entry.i);
        entry.connection.start(params_.statement, kernel::block_of(seed_, entry.i, params_.rows));
        return true;
    }

    void complete(slot const& entry, contract::probe& probe) {
        probe.end(entry.i);
        out_.checksum += kernel::mix(kernel::mix(entry.i) ^ entry.connection.value());
        ++out_.queries;
    }

    query::params params_;
    std::uint64_t seed_;
    query::outcome out_;
    std::uint64_t next_ = 0;
    asio::io_context context_{1};
    std::vector<std::unique_ptr<slot>> slots_;
};

class by_callback final : public query_session {
public:
    using query_session::query_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        if (send_next(entry, probe)) wait(entry, probe);
    }
    void wait(slot& entry, contract::probe& probe) {
        entry.socket.async_wait(stream_descriptor::wait_read, [&](error_code error) {
            if (error) throw boost::system::system_error(error, "wait");
            if (!entry.connection.proceed()) return wait(entry, probe);
            complete(entry, probe);
            start(entry, probe);
        });
    }
};

class by_coroutine final : public query_session {
public:
    using query_session::query_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        asio::co_spawn(context_, ask_all(entry, probe), rethrow);
    }
    asio::awaitable<void> ask_all(slot& entry, contract::probe& probe) {
        while (send_next(entry, probe)) {
            do {
                co_await entry.socket.async_wait(stream_descriptor::wait_read, asio::use_awaitable);
            } while (!entry.connection.proceed());
            complete(entry, probe);
        }
    }
};

} // namespace

std::unique_ptr<contract::session<query>> make_query_callback(query::params const& params,
                                                              query::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<query>> make_query_coroutine(query::params const& params,
                                                               query::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
