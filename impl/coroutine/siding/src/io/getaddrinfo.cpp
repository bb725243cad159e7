// SPDX-License-Identifier: MIT
#include "siding/io/getaddrinfo.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/to_thread.hpp"

#include <memory>

namespace siding {

namespace {

/// EAI_*, or 0 and the addresses.
int resolve(std::string const& host, std::string const& service, resolution_options options,
            std::vector<endpoint>& into) {
    addrinfo hints{};
    hints.ai_family = options.family;
    hints.ai_socktype = options.type;
    hints.ai_flags = options.flags;
    addrinfo* list = nullptr;
    auto const* const node = host.empty() ? nullptr : detail::c_string(host, "host");
    auto const* const port = service.empty() ? nullptr : detail::c_string(service, "service");
    auto const code = ::getaddrinfo(node, port, &hints, &list);
    if (code != 0) return code;
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owner(list, &::freeaddrinfo);
    for (auto const* each = list; each != nullptr; each = each->ai_next) {
        into.emplace_back(each->ai_addr, each->ai_addrlen);
    }
    return 0;
}

std::vector<endpoint> resolve_or_throw(std::string const& host, std::string const& service,
                                       resolution_options options) {
    std::vector<endpoint> found;
    auto const code = resolve(host, service, options, found);
    if (code != 0) throw resolution_error(code);
    return found;
}

} // namespace

coroutine<std::vector<endpoint>> getaddrinfo(std::string host, std::string service,
                                             resolution_options options) {
    std::vector<endpoint> found;
    auto numeric = options;
    numeric.flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    if (resolve(host, service, numeric, found) == 0) co_return found;
    auto pending = to_thread(&resolve_or_throw, std::move(host), std::move(service), options);
    co_return co_await std::move(pending);
}

} // namespace siding
