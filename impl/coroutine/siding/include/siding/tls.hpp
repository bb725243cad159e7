// SPDX-License-Identifier: MIT
#pragma once

// Streams over TLS, by OpenSSL: link siding::tls, which exists where OpenSSL was found.
#include "siding/coroutine.hpp"
#include "siding/io/open_connection.hpp"
#include "siding/io/server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace siding {

/// ssl.SSLError: the peer does not keep to the protocol, refuses ours, or a file cannot be used.
struct tls_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// ssl.SSLCertVerificationError: the peer is not known to be who it says it is.
class tls_certificate_error : public tls_error {
public:
    tls_certificate_error(std::string const& message, long code)
        : tls_error(message), code_(code) {}
    /// One of OpenSSL's X509_V_ERR_*.
    [[nodiscard]] long code() const noexcept { return code_; }

private:
    long code_;
};

/// ssl.SSLEOFError: the connection has ended without the peer having said so, so something may be
/// missing.
struct tls_truncated_error : tls_error {
    using tls_error::tls_error;
};

enum class tls_version : std::uint16_t { tls_1_2 = 0x0303, tls_1_3 = 0x0304 };

namespace detail {
struct tls_settings;
}

/// ssl.SSLContext: how one side speaks TLS, for any number of connections. A handle; copies mean
/// the same. May be used by several loops once it is no longer changed. Every function throws
/// tls_error for what cannot be used.
class tls_context {
public:
    /// ssl.create_default_context(): a client that verifies the server's certificate against the
    /// authorities of the system, and its name.
    [[nodiscard]] static tls_context client();
    /// A server that shows this certificate; the file holds its chain, ours first. PEM.
    [[nodiscard]] static tls_context server(std::string const& chain_file,
                                            std::string const& key_file);

    /// load_verify_locations: the authorities in a file (PEM), or in a directory of hashed names.
    void trust(std::string const& file_or_directory) const;
    /// load_cert_chain: what a client shows if it is asked.
    void use_certificate(std::string const& chain_file, std::string const& key_file) const;
    /// A server: a peer that shows no certificate, or one that is not trusted, is refused.
    void require_client_certificate() const;
    /// verify_mode = CERT_NONE: anybody may be the peer. For tests.
    void verify_nothing() const;
    /// set_alpn_protocols: what we speak, what we like best first.
    void set_alpn_protocols(std::vector<std::string> const& protocols) const;
    void set_minimum_version(tls_version least) const;
    /// set_servername_callback: a server that is called by the name (SNI) shows another
    /// certificate: that of the context which `choose` gives; nullopt: our own. Called in each
    /// loop's thread.
    void set_server_name_callback(
        std::function<std::optional<tls_context>(std::string_view name)> choose) const;

    [[nodiscard]] bool is_server() const noexcept;
    [[nodiscard]] std::shared_ptr<detail::tls_settings> const& settings() const noexcept {
        return of_;
    }

private:
    explicit tls_context(std::shared_ptr<detail::tls_settings> of) noexcept : of_(std::move(of)) {}

    std::shared_ptr<detail::tls_settings> of_;
};

struct tls_options {
    /// Client: the name that the certificate must have, and that is sent (SNI); a number works too.
    std::string server_hostname;
    duration handshake_timeout = std::chrono::seconds(60); ///< as asyncio's ssl_handshake_timeout
    /// How long close() waits for the peer's answer: asyncio's ssl_shutdown_timeout.
    duration shutdown_timeout = std::chrono::seconds(30);
    std::size_t limit_bytes = default_stream_limit_bytes; ///< of open_tls_connection
};

/// What has been agreed on: get_extra_info("ssl_object"), "cipher", "peercert".
struct tls_info {
    std::string version; ///< "TLSv1.3"
    std::string cipher;
    std::string alpn_protocol;    ///< "" if none
    std::string server_name;      ///< what the client called the server; "" if it did not
    std::string peer_subject;     ///< of its certificate: "CN=localhost"; "" if it showed none
    std::string peer_certificate; ///< PEM
};

/// asyncio.open_connection(ssl=context): the server's name is `host` unless the options have
/// another. Throws what open_connection and start_tls do.
[[nodiscard]] coroutine<stream> open_tls_connection(std::string host, std::uint16_t port,
                                                    tls_context context, tls_options options = {});

/// StreamWriter.start_tls: from here on the stream speaks TLS, as the context's side. What was
/// received and not read is taken for TLS. Throws tls_certificate_error, tls_error, timeout_error
/// after handshake_timeout, std::system_error; value_error for a client that verifies and knows no
/// name, runtime_error for a pipe, for TLS over TLS, or while it is read. Then, and when it is
/// cancelled, the connection is closed.
[[nodiscard]] coroutine<> start_tls(stream_writer writer, tls_context context,
                                    tls_options options = {});

/// For start_server and the others: calls `handler` once the handshake is done. Peers with which it
/// fails are closed and not reported, as asyncio does it.
[[nodiscard]] connection_handler over_tls(connection_handler handler, tls_context context,
                                          tls_options options = {});

/// nullopt: the stream does not speak TLS.
[[nodiscard]] std::optional<tls_info> tls_info_of(stream_writer const& writer);

} // namespace siding
