// SPDX-License-Identifier: MIT
#include "siding/io/getnameinfo.hpp"

#include "siding/io/getaddrinfo.hpp"
#include "siding/to_thread.hpp"

#include <array>

namespace siding {

namespace {

name_of_endpoint look_up(endpoint const& of, int flags) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    auto const code = ::getnameinfo(of.data(), of.size(), host.data(), host.size(), service.data(),
                                    service.size(), flags);
    if (code != 0) throw resolution_error(code);
    return {host.data(), service.data()};
}

} // namespace

coroutine<name_of_endpoint> getnameinfo(endpoint of, int flags) {
    constexpr int numbers = NI_NUMERICHOST | NI_NUMERICSERV;
    if ((flags & numbers) == numbers) {
        auto const found = look_up(of, flags);
        co_return found;
    }
    auto pending = to_thread(&look_up, of, flags);
    co_return co_await std::move(pending);
}

} // namespace siding
