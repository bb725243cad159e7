// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include "siding/detail/stream_filter.hpp"

#include <memory>
#include <string>
#include <vector>

namespace siding::detail {

/// One side of one TLS connection: bytes in, bytes out, between two buffers in memory. OpenSSL
/// never sees the socket, so both backends and every stream of the library can carry it.
class tls_engine final : public stream_filter {
public:
    /// Throws value_error if it is to verify a name and there is none.
    tls_engine(tls_context context, tls_options const& options);

    /// Goes on with the handshake as far as what has come from the peer allows; true: it is done.
    [[nodiscard]] bool shake_hands(std::string& output);
    /// Bytes of the peer that are not to be read as text: what came before the handshake.
    void feed(std::string_view bytes);

    [[nodiscard]] std::span<std::byte> space() override;
    void received(std::size_t count, input_buffer& input, std::string& output) override;
    [[nodiscard]] bool has_ended() const noexcept override { return has_ended_; }
    void send(std::string_view bytes, std::string& output) override;
    void end(std::string& output) override;
    [[nodiscard]] duration farewell() const noexcept override { return shutdown_timeout_; }

    /// What came together with the last bytes of the handshake.
    void read_into(input_buffer& input, std::string& output);
    [[nodiscard]] tls_info info() const;

private:
    /// Appends to `output` what OpenSSL wants to send.
    void take_output(std::string& output);
    [[noreturn]] void fail(std::string const& action) const;
    void expect_peer(std::string const& name);

    tls_context context_; ///< its callbacks point into it
    std::unique_ptr<SSL, freed_by<&SSL_free>> openssl_;
    BIO* from_peer_ = nullptr; ///< owned by openssl_
    BIO* to_peer_ = nullptr;   ///< owned by openssl_
    std::vector<std::byte> space_;
    duration shutdown_timeout_;
    bool has_ended_ = false;
};

} // namespace siding::detail
