// SPDX-License-Identifier: MIT
// The callbacks of echo.cpp on one io_context that all workers run. A connection has one operation
// under way at a time, so that its handlers never overlap and need no strand.

#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "server.hpp"

#include <array>
#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::echo;

constexpr std::size_t message_buffer_bytes = 16'384;
constexpr std::size_t stream_buffer_bytes = 65'536;

/// Adds what it has echoed to the sum when it ends.
template <std::size_t BufferBytes>
class connection : public std::enable_shared_from_this<connection<BufferBytes>> {
public:
    connection(tcp::socket socket, std::atomic<std::uint64_t>& sum)
        : socket_(std::move(socket)), sum_(sum) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { sum_.fetch_add(echoed_bytes_, std::memory_order_relaxed); }

    void read() {
        socket_.async_read_some(asio::buffer(buffer_), [self = this->shared_from_this()](
                                                           error_code error, std::size_t bytes) {
            if (!error) self->write(bytes);
        });
    }

private:
    void write(std::size_t bytes) {
        asio::async_write(socket_, asio::buffer(buffer_, bytes),
                          [self = this->shared_from_this()](error_code error, std::size_t written) {
                              self->echoed_bytes_ += written;
                              if (!error) self->read();
                          });
    }

    tcp::socket socket_;
    std::atomic<std::uint64_t>& sum_;
    std::uint64_t echoed_bytes_ = 0;
    std::array<char, BufferBytes> buffer_;
};

template <std::size_t BufferBytes>
class shared_context final : public contract::session<echo> {
public:
    explicit shared_context(contract::server_environment const& around)
        : workers_(around.limits.workers),
          server_(std::make_unique<server>(around, static_cast<int>(workers_))) {}

    echo::outcome run(contract::probe&) override {
        accept_with_handlers(*server_, [this](tcp::socket socket) {
            ++accepted_; // one accept at a time, whoever runs its handler
            std::make_shared<connection<BufferBytes>>(std::move(socket), echoed_bytes_)->read();
        });
        std::vector<std::exception_ptr> failures(workers_);
        {
            std::vector<std::jthread> others;
            for (unsigned worker = 1; worker < workers_; ++worker) {
                others.emplace_back([&, worker] { failures[worker] = run_context(); });
            }
            failures[0] = run_context();
        }
        for (auto const& failure : failures) {
            if (failure) std::rethrow_exception(failure);
        }
        server_.reset(); // ends the connections that are left
        return {accepted_, echoed_bytes_.load(std::memory_order_relaxed)};
    }

private:
    /// One that fails ends it for all.
    std::exception_ptr run_context() {
        try {
            server_->context.run();
            return nullptr;
        } catch (...) {
            server_->context.stop();
            return std::current_exception();
        }
    }

    unsigned workers_;
    std::uint64_t accepted_ = 0;
    std::atomic<std::uint64_t> echoed_bytes_ = 0;
    std::unique_ptr<server> server_;
};

using for_messages = shared_context<message_buffer_bytes>;
using for_streams = shared_context<stream_buffer_bytes>;

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_shared(echo::params const&,
                                                          echo::environment const& around) {
    return std::make_unique<for_messages>(around);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_shared(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(std::make_unique<for_streams>(around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_shared(contract::accept::params const&, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(std::make_unique<for_messages>(around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_shared(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(std::make_unique<for_messages>(around));
}

} // namespace asio_model
