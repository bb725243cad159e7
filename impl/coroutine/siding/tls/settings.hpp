// SPDX-License-Identifier: MIT
#pragma once

#include "siding/tls.hpp"

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace siding::detail {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

/// What a tls_context is a handle to.
struct tls_settings {
    std::unique_ptr<SSL_CTX, freed_by<&SSL_CTX_free>> openssl;
    bool is_server = false;
    bool verifies = false;
    std::string alpn; ///< of a server, as it goes over the wire
    std::function<std::optional<tls_context>(std::string_view)> choose;
};

/// The oldest error of OpenSSL's queue in this thread, as text; empties the queue.
[[nodiscard]] std::string openssl_error(std::string const& action);

} // namespace siding::detail
