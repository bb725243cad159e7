// SPDX-License-Identifier: MIT
#pragma once

#include "siding/io/endpoint.hpp"
#include "siding/io/open_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace siding {

/// What asyncio.open_connection and loop.create_connection take besides host and port.
struct connection_options {
    /// local_addr: what the socket is bound to; addresses of another family are not tried.
    std::optional<endpoint> local{};
    /// happy_eyeballs_delay: how long an address is waited for before the next is tried beside it.
    /// RFC 8305 recommends 250 ms. nullopt: one behind the other.
    std::optional<duration> happy_eyeballs_delay{};
    /// How many addresses of the first family are tried before the families take turns; 0: they
    /// stay in the resolver's order. nullopt: 1 with a delay, 0 without.
    std::optional<std::size_t> interleave{};
    int family = AF_UNSPEC; ///< AF_INET, AF_INET6: that alone
    std::size_t limit_bytes = default_stream_limit_bytes;
};

/// asyncio.open_connection with its other arguments. The first address that answers wins, and the
/// attempts that are under way are cancelled and awaited. Throws as open_connection does. Source:
/// RFC 8305; CPython 3.13, Lib/asyncio/base_events.py and staggered.py.
[[nodiscard]] coroutine<stream> open_connection(std::string host, std::uint16_t port,
                                                connection_options options);

/// The same to addresses that are known already, in their order.
[[nodiscard]] coroutine<stream> open_connection(std::vector<endpoint> addresses,
                                                connection_options options);

} // namespace siding
