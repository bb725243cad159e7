// SPDX-License-Identifier: MIT
// A connection per slot, connected in make; each slot sends its next request when the response of
// the last is complete. Completion handlers on a slot object, or one coroutine a slot.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"

#include <bit>
#include <memory>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::fetch;
static_assert(std::endian::native == std::endian::little, "a request is little endian");

/// What both forms keep for one slot.
struct slot {
    explicit slot(asio::io_context& context, std::uint16_t port, std::size_t response_bytes)
        : socket(context), response(response_bytes) {
        socket.connect({asio::ip::address_v4::loopback(), port});
        socket.set_option(tcp::no_delay(true));
    }
    tcp::socket socket;
    std::vector<std::byte> response;
    std::uint64_t index = 0;
};

class fetch_session : public contract::session<fetch> {
public:
    fetch_session(fetch::params const& params, fetch::environment const& around) : params_(params) {
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            slots_.push_back(
                std::make_unique<slot>(context_, around.backend_port, params.response_bytes));
        }
    }

    fetch::outcome run(contract::probe& probe) override {
        out_ = {};
        for (std::uint64_t i = 0; i < slots_.size(); ++i) {
            slots_[i]->index = i;
            start(*slots_[i], probe);
        }
        context_.restart();
        context_.run();
        return out_;
    }

protected:
    virtual void start(slot& entry, contract::probe& probe) = 0;

    void complete(slot& entry, contract::probe& probe) {
        probe.end(entry.index);
        ++out_.responses;
        out_.checksum += kernel::hash(entry.index, entry.response);
        entry.index += params_.in_flight;
    }

    fetch::params params_;
    fetch::outcome out_;
    asio::io_context context_{1};
    std::vector<std::unique_ptr<slot>> slots_;
};

class by_callback final : public fetch_session {
public:
    using fetch_session::fetch_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        if (entry.index >= params_.requests) return;
        probe.begin(entry.index);
        asio::async_write(entry.socket, asio::buffer(&entry.index, sizeof entry.index),
                          [&](error_code error, std::size_t) {
                              if (error) throw boost::system::system_error(error, "send");
                              receive(entry, probe);
                          });
    }
    void receive(slot& entry, contract::probe& probe) {
        asio::async_read(entry.socket, asio::buffer(entry.response),
                         [&](error_code error, std::size_t) {
                             if (error) throw boost::system::system_error(error, "receive");
                             complete(entry, probe);
                             start(entry, probe);
                         });
    }
};

class by_coroutine final : public fetch_session {
public:
    using fetch_session::fetch_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        asio::co_spawn(context_, fetch_all(entry, probe), rethrow);
    }
    asio::awaitable<void> fetch_all(slot& entry, contract::probe& probe) {
        while (entry.index < params_.requests) {
            probe.begin(entry.index);
            co_await asio::async_write(entry.socket, asio::buffer(&entry.index, sizeof entry.index),
                                       asio::use_awaitable);
            co_await asio::async_read(entry.socket, asio::buffer(entry.response),
                                      asio::use_awaitable);
            complete(entry, probe);
        }
    }
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch_callback(fetch::params const& params,
                                                              fetch::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<fetch>> make_fetch_coroutine(fetch::params const& params,
                                                               fetch::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
