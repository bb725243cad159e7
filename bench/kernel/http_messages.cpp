// SPDX-License-Identifier: MIT
#include "kernel/http.hpp"

namespace kernel {
namespace {

constexpr std::string_view text = "Hello, world!";

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\n";
constexpr std::string_view binary = "application/octet-stream";

std::string header(std::string_view first, std::string_view type, std::size_t body_bytes) {
    std::string head(first);
    head.append("Content-Type: ").append(type).append("\r\nContent-Length: ");
    return head.append(std::to_string(body_bytes)).append("\r\n\r\n");
}

} // namespace

std::string http_request(std::string_view body) {
    if (body.empty()) return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    return header("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n", binary, body.size()).append(body);
}

std::string http_reply(std::string_view body) {
    return body.empty() ? header(ok, "text/plain", text.size()).append(text)
                        : http_reply_header(body.size()).append(body);
}

std::string http_get(std::uint64_t number) {
    return "GET /" + std::to_string(number) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

std::string http_reply_header(std::size_t body_bytes) { return header(ok, binary, body_bytes); }

} // namespace kernel
