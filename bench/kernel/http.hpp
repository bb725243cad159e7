// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kernel {

/// "" if this build has an HTTP parser, otherwise what is missing and how to install it.
[[nodiscard]] std::string_view why_no_http() noexcept;

/// `GET /`, or `POST /` with `body` if it is not empty.
[[nodiscard]] std::string http_request(std::string_view body);
/// The whole reply to such a request: 200 with a fixed text, or with `body` again.
[[nodiscard]] std::string http_reply(std::string_view body);
/// `GET /<number>`.
[[nodiscard]] std::string http_get(std::uint64_t number);
/// The header of a reply with a body of this size, of no special type.
[[nodiscard]] std::string http_reply_header(std::size_t body_bytes);

/// The server's end of one HTTP/1.1 connection without its input and output: bytes that came go in,
/// bytes to be sent come out, pipelined requests are answered in order. The parser is
/// Boost.Beast's.
///
/// GET brings a fixed text, POST its own body (chunked or not), any other method 405. What is no
/// HTTP brings 400, a header of more than 8 KiB 431, a body of more than 1 MiB 413; these, and a
/// request that does not keep the connection alive, are the last that is answered.
class http_exchange {
public:
    http_exchange();
    http_exchange(http_exchange&&) noexcept;
    http_exchange& operator=(http_exchange&&) noexcept;
    ~http_exchange();

    /// What comes after the last answer is dropped.
    void receive(std::span<std::byte const> bytes);

    /// What is to be sent next; valid until `receive` or `sent`.
    [[nodiscard]] std::span<std::byte const> unsent() const noexcept;
    void sent(std::size_t bytes) noexcept;

    /// The last answer is in `unsent` or has been sent: shut down for writing when it is out, and
    /// go on to read until the peer closes. To close at once would let the kernel reset the
    /// connection, and the peer might never see the answer.
    [[nodiscard]] bool over() const noexcept { return over_; }
    /// Answered with 200.
    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }

private:
    struct parser;

    void answer(parser const& request);
    void refuse(std::string_view status);

    std::unique_ptr<parser> parser_; ///< of the request under way, if any of it has been parsed
    std::string unparsed_;           ///< the beginning of a header
    std::string replies_;
    std::size_t sent_ = 0;
    std::uint64_t requests_ = 0;
    bool over_ = false;
};

} // namespace kernel
