// SPDX-License-Identifier: MIT
#pragma once

#include "oracle/rules.hpp"

#include <fmt/format.h>
#include <string>

namespace oracle {

/// What the rules of `echo`, `http` and `mixed` have in common: a load of `messages` over
/// `connections`, in a closed or an open loop.
template <class W>
struct served_load : rules<W> {
    using typename rules<W>::params;

    std::uint64_t in_flight(params const& p) const override { return p.connections; }
    std::uint64_t sockets(params const& p) const override { return p.connections; }
    std::string refuse(params const& p) const override {
        if (p.messages < p.connections) {
            return fmt::format("messages={} leave some of connections={} without one", p.messages,
                               p.connections);
        }
        if (p.poisson == 1 && p.rate_per_s == 0) return "poisson=1 needs a rate_per_s above 0";
        if (p.surge_percent != 100 && p.rate_per_s == 0) {
            return "a surge_percent needs a rate_per_s above 0";
        }
        return {};
    }

protected:
    /// Both sides have seen as many connections as were asked for.
    static std::string check_connections(std::uint64_t accepted, std::uint64_t right,
                                         served const& client) {
        if (accepted != right) {
            return fmt::format("the model accepted {} connections of {}", accepted, right);
        }
        if (client.connections == right) return {};
        return fmt::format("the load generator had {} connections of {}", client.connections,
                           right);
    }

    /// The load generator has verified `right` bytes at least, and the model says that it sent as
    /// many as were verified.
    static std::string check_bytes(std::uint64_t sent, std::uint64_t right, served const& client) {
        if (client.bytes < right) {
            return fmt::format("the load generator verified {} bytes of {}", client.bytes, right);
        }
        if (sent == client.bytes) return {};
        return fmt::format("the model says that it sent {} bytes; the load generator verified {}",
                           sent, client.bytes);
    }
};

} // namespace oracle
