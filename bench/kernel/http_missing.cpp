// SPDX-License-Identifier: MIT
// Built where Boost's headers are missing: the cells ask `why_no_http` and are skipped.
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"

namespace kernel {

std::string_view why_no_http() noexcept {
    return "built without Boost.Beast, the parser of HTTP: sudo apt-get install libboost-dev, and "
           "configure again";
}

struct http_exchange::parser {};

http_exchange::http_exchange() = default;
http_exchange::http_exchange(http_exchange&&) noexcept = default;
http_exchange& http_exchange::operator=(http_exchange&&) noexcept = default;
http_exchange::~http_exchange() = default;

void http_exchange::receive(std::span<std::byte const>) { over_ = true; }
std::span<std::byte const> http_exchange::unsent() const noexcept { return {}; }
void http_exchange::sent(std::size_t) noexcept {}

http_download::http_download(std::size_t body_bytes) : body_bytes_(body_bytes) {}
std::span<std::byte> http_download::room() noexcept { return {}; }
bool http_download::received(std::size_t) { return complete_; }
std::span<std::byte const> http_download::body() const noexcept { return {}; }

} // namespace kernel
