// SPDX-License-Identifier: MIT
#include "kernel/http.hpp"

namespace kernel {
namespace {

constexpr std::string_view text = "Hello, world!";

std::string with_body(std::string head, std::string_view type, std::string_view body) {
    head.append("Content-Type: ").append(type).append("\r\nContent-Length: ");
    head.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return head;
}

} // namespace

std::string http_request(std::string_view body) {
    if (body.empty()) return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    return with_body("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n", "application/octet-stream", body);
}

std::string http_reply(std::string_view body) {
    constexpr auto ok = "HTTP/1.1 200 OK\r\n";
    return body.empty() ? with_body(ok, "text/plain", text)
                        : with_body(ok, "application/octet-stream", body);
}

} // namespace kernel
