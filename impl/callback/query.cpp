// SPDX-License-Identifier: MIT
// A uv_poll_t a connection: its callback gives libpq what has come, and starts the next statement
// when the last result is there. libpq does not block.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/read_block.hpp"
#include "postgres/connection.hpp"

#include <exception>
#include <memory>
#include <vector>

namespace callback {
namespace {

using contract::query;

struct slot {
    explicit slot(char const* database) : connection(database) {}
    postgres::connection connection;
    uv_poll_t readable{};
    std::uint64_t i = 0;
};

class client final : public contract::session<query> {
public:
    client(query::params const& params, query::environment const& environment)
        : params_(params), seed_(environment.limits.seed) {
        loop_.get()->data = this;
        for (std::uint64_t i = 0; i < params.connections; ++i) {
            auto& added = *pool_.emplace_back(std::make_unique<slot>(environment.database));
            checked(::uv_poll_init(loop_.get(), &added.readable, added.connection.socket()),
                    "uv_poll_init");
            added.readable.data = &added;
        }
    }

    ~client() override { loop_.close_handles(nullptr); }

    query::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        next_ = 0;
        for (auto const& slot : pool_) {
            checked(::uv_poll_start(&slot->readable, UV_READABLE, &came), "uv_poll_start");
            start(*slot);
        }
        loop_.run();
        return outcome_;
    }

private:
    /// A connection that has nothing more to do stops its handle; without handles the loop ends.
    void start(slot& on) {
        if (next_ == params_.queries) {
            ::uv_poll_stop(&on.readable);
            return;
        }
        on.i = next_++;
        probe_->begin(on.i);
        on.connection.start(params_.statement, kernel::block_of(seed_, on.i, params_.rows));
    }

    static void came(uv_poll_t* handle, int status, int) {
        auto& from = *static_cast<slot*>(handle->data);
        auto& self = *static_cast<client*>(handle->loop->data);
        try {
            checked(status, "uv_poll");
            if (!from.connection.proceed()) return;
            self.probe_->end(from.i);
            self.outcome_.checksum += kernel::mix(kernel::mix(from.i) ^ from.connection.value());
            ++self.outcome_.queries;
            self.start(from);
        } catch (...) {
            self.loop_.fail(std::current_exception());
        }
    }

    query::params params_;
    std::uint64_t seed_;
    std::vector<std::unique_ptr<slot>> pool_;
    query::outcome outcome_;
    std::uint64_t next_ = 0;
    contract::probe* probe_ = nullptr;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<query>> make_query(query::params const& params,
                                                     query::environment const& environment) {
    return std::make_unique<client>(params, environment);
}

} // namespace callback
