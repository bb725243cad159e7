// SPDX-License-Identifier: MIT
#include "kernel/http_download.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <stdexcept>
#include <string>

namespace kernel {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

/// Keeps of a reply's header what a download needs.
struct parser final : http::basic_parser<false> {
    int status = 0;

private:
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code&) override { status = code; }
    void on_field_impl(http::field, string_view, string_view, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view bytes, error_code&) override { return bytes.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
        return bytes.size();
    }
    void on_finish_impl(error_code&) override {}
};

} // namespace

http_download::http_download(std::size_t body_bytes)
    : body_bytes_(body_bytes), buffer_(most_header_bytes + body_bytes + 1) {}

std::span<std::byte> http_download::room() noexcept {
    if (complete_) {
        have_ = 0;
        header_bytes_ = 0;
        complete_ = false;
    }
    auto const end = header_bytes_ == 0 ? buffer_.size() : header_bytes_ + body_bytes_ + 1;
    return std::span(buffer_).subspan(have_, end - have_);
}

std::size_t http_download::parse_header() const {
    parser of_header;
    of_header.header_limit(most_header_bytes);
    of_header.body_limit(body_bytes_);
    error_code error;
    auto const used = of_header.put(boost::asio::buffer(buffer_.data(), have_), error);
    if (error == http::error::need_more) return 0;
    if (error) throw std::runtime_error("a reply that is no HTTP: " + error.message());
    if (of_header.status != 200) {
        throw std::runtime_error("a reply with status " + std::to_string(of_header.status));
    }
    auto const length = of_header.content_length();
    if (!length || *length != body_bytes_) {
        throw std::runtime_error("a reply whose Content-Length is not " +
                                 std::to_string(body_bytes_));
    }
    return used;
}

bool http_download::received(std::size_t bytes) {
    have_ += bytes;
    if (header_bytes_ == 0) header_bytes_ = parse_header();
    if (header_bytes_ == 0) return false;
    if (have_ > header_bytes_ + body_bytes_) {
        throw std::runtime_error("a reply longer than its Content-Length");
    }
    complete_ = have_ == header_bytes_ + body_bytes_;
    return complete_;
}

std::span<std::byte const> http_download::body() const noexcept {
    return std::span(buffer_).subspan(header_bytes_, body_bytes_);
}

} // namespace kernel
