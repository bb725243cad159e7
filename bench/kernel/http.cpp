// SPDX-License-Identifier: MIT
#include "kernel/http.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace kernel {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view why_no_http() noexcept { return {}; }

/// Keeps of a request what its answer depends on, and no table of fields.
struct http_exchange::parser final : http::basic_parser<true> {
    static constexpr std::uint32_t most_header_bytes = 8'192;
    static constexpr std::uint64_t most_body_bytes = 1'048'576;

    explicit parser(std::string& replies) : interim(replies) {
        eager(true);
        header_limit(most_header_bytes);
        body_limit(most_body_bytes);
    }

    std::string& interim; ///< where 100 Continue goes
    http::verb method = http::verb::unknown;
    int version = 11; ///< 10 or 11
    bool has_host = false;
    bool expects_continue = false;
    std::string body;

private:
    void on_request_impl(http::verb verb, string_view, string_view, int number,
                         error_code&) override {
        method = verb;
        version = number;
    }
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
        if (name == http::field::host) has_host = true;
        if (name == http::field::expect) {
            expects_continue = boost::beast::iequals(value, "100-continue");
        }
    }
    void on_header_impl(error_code&) override {
        if (expects_continue) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view bytes, error_code&) override {
        body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) override {
        return on_body_impl(bytes, error);
    }
    void on_finish_impl(error_code&) override {}
};

http_exchange::http_exchange() = default;
http_exchange::http_exchange(http_exchange&&) noexcept = default;
http_exchange& http_exchange::operator=(http_exchange&&) noexcept = default;
http_exchange::~http_exchange() = default;

void http_exchange::receive(std::span<std::byte const> bytes) {
    auto const kept = std::exchange(unparsed_, {});
    std::string joined;
    std::string_view rest(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    if (!kept.empty()) {
        joined.append(kept).append(rest);
        rest = joined;
    }
    while (!over_ && !rest.empty()) {
        if (!parser_) parser_ = std::make_unique<parser>(replies_);
        error_code error;
        auto const used = parser_->put(boost::asio::buffer(rest), error);
        rest.remove_prefix(used);
        if (error == http::error::need_more) break;
        if (error == http::error::header_limit) {
            refuse("431 Request Header Fields Too Large");
        } else if (error == http::error::body_limit) {
            refuse("413 Payload Too Large");
        } else if (error) {
            refuse("400 Bad Request");
        } else if (parser_->is_done()) {
            answer(*parser_);
            parser_.reset();
        } else if (used == 0) {
            break;
        }
    }
    if (!over_) unparsed_.assign(rest);
}

void http_exchange::answer(parser const& request) {
    if (!request.has_host && request.version >= 11) return refuse("400 Bad Request");
    if (request.method != http::verb::get && request.method != http::verb::post) {
        return refuse("405 Method Not Allowed\r\nAllow: GET, POST");
    }
    ++requests_;
    static std::string const greeting = http_reply({});
    auto const first = replies_.size();
    replies_ += request.method == http::verb::get ? greeting : http_reply(request.body);
    if (request.keep_alive()) {
        if (request.version >= 11) return;
    } else {
        over_ = true;
    }
    // What the peer does not take for granted is said, after the status line.
    auto const end = replies_.find("\r\n", first) + 2;
    replies_.insert(end, over_ ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
}

void http_exchange::refuse(std::string_view status) {
    replies_.append("HTTP/1.1 ").append(status);
    replies_ += "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    over_ = true;
}

std::span<std::byte const> http_exchange::unsent() const noexcept {
    return std::as_bytes(std::span(replies_)).subspan(sent_);
}

void http_exchange::sent(std::size_t bytes) noexcept {
    sent_ += bytes;
    if (sent_ < replies_.size()) return;
    replies_.clear();
    sent_ = 0;
}

} // namespace kernel
