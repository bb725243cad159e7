// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/errors.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace siding::detail {

namespace {

/// A record and its overhead: what one read of the socket should be able to take.
constexpr std::size_t space_bytes = 17 * 1024;

bool is_number(std::string const& host) noexcept {
    std::array<unsigned char, 16> address{};
    return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::string text_in(BIO* memory) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(memory, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

} // namespace

tls_engine::tls_engine(tls_context context, tls_options const& options)
    : context_(std::move(context)), shutdown_timeout_(options.shutdown_timeout) {
    ERR_clear_error();
    auto const& settings = *context_.settings();
    openssl_.reset(SSL_new(settings.openssl.get()));
    if (openssl_ == nullptr) throw tls_error(openssl_error("no TLS connection"));
    std::unique_ptr<BIO, freed_by<&BIO_free>> from(BIO_new(BIO_s_mem()));
    std::unique_ptr<BIO, freed_by<&BIO_free>> to(BIO_new(BIO_s_mem()));
    if (from == nullptr || to == nullptr) throw tls_error(openssl_error("no buffer for TLS"));
    BIO_set_mem_eof_return(from.get(), -1); // empty means: not yet
    from_peer_ = from.get();
    to_peer_ = to.get();
    SSL_set_bio(openssl_.get(), from.release(), to.release());
    if (settings.is_server) {
        SSL_set_accept_state(openssl_.get());
    } else {
        SSL_set_connect_state(openssl_.get());
        expect_peer(options.server_hostname);
    }
}

void tls_engine::expect_peer(std::string const& name) {
    if (name.empty()) {
        if (!context_.settings()->verifies) return;
        throw value_error("a client that verifies needs a server_hostname");
    }
    auto const* const text = c_string(name, "server_hostname");
    auto* const of = openssl_.get();
    if (is_number(name)) {
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(of), text) != 1) fail("server_hostname");
        return; // SNI carries names alone
    }
    SSL_set_hostflags(of, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(of, text) != 1 || SSL_set_tlsext_host_name(of, text) != 1) {
        fail("server_hostname");
    }
}

bool tls_engine::shake_hands(std::string& output) {
    ERR_clear_error();
    auto const result = SSL_do_handshake(openssl_.get());
    auto const error = SSL_get_error(openssl_.get(), result);
    take_output(output);
    if (result == 1) return true;
    if (error == SSL_ERROR_WANT_READ) return false;
    auto const verified = SSL_get_verify_result(openssl_.get());
    if (verified != X509_V_OK && context_.settings()->verifies) {
        ERR_clear_error();
        throw tls_certificate_error(std::string("certificate verify failed: ") +
                                        X509_verify_cert_error_string(verified),
                                    verified);
    }
    fail("TLS handshake failed");
}

void tls_engine::feed(std::string_view bytes) {
    if (bytes.empty()) return;
    std::size_t taken = 0;
    if (BIO_write_ex(from_peer_, bytes.data(), bytes.size(), &taken) != 1) fail("out of memory");
}

std::span<std::byte> tls_engine::space() {
    space_.resize(space_bytes);
    return space_;
}

void tls_engine::received(std::size_t count, input_buffer& input, std::string& output) {
    if (count == 0) {
        if (!has_ended_) throw tls_truncated_error("the connection ended in the middle of TLS");
        return;
    }
    feed({reinterpret_cast<char const*>(space_.data()), count});
    read_into(input, output);
}

void tls_engine::read_into(input_buffer& input, std::string& output) {
    while (true) {
        ERR_clear_error();
        auto const space = input.space();
        std::size_t count = 0;
        auto const result = SSL_read_ex(openssl_.get(), space.data(), space.size(), &count);
        if (result == 1) {
            input.commit(count);
            continue;
        }
        auto const error = SSL_get_error(openssl_.get(), result);
        take_output(output); // an alert, an answer to a key update
        if (error == SSL_ERROR_WANT_READ) return;
        if (error == SSL_ERROR_ZERO_RETURN) {
            has_ended_ = true;
            return;
        }
        fail("TLS");
    }
}

void tls_engine::send(std::string_view bytes, std::string& output) {
    while (!bytes.empty()) {
        ERR_clear_error();
        std::size_t taken = 0;
        if (SSL_write_ex(openssl_.get(), bytes.data(), bytes.size(), &taken) != 1) {
            take_output(output);
            fail("TLS");
        }
        bytes.remove_prefix(taken);
        take_output(output);
    }
}

void tls_engine::end(std::string& output) {
    ERR_clear_error();
    SSL_shutdown(openssl_.get()); // 0: the peer has not answered yet, as it should be
    take_output(output);
    ERR_clear_error();
}

void tls_engine::take_output(std::string& output) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(to_peer_, &data);
    if (size <= 0) return;
    output.append(data, static_cast<std::size_t>(size));
    BIO_reset(to_peer_);
}

void tls_engine::fail(std::string const& action) const { throw tls_error(openssl_error(action)); }

tls_info tls_engine::info() const {
    auto* const of = openssl_.get();
    tls_info all;
    all.version = SSL_get_version(of);
    if (auto const* const cipher = SSL_get_cipher_name(of)) all.cipher = cipher;
    unsigned char const* alpn = nullptr;
    unsigned alpn_size = 0;
    SSL_get0_alpn_selected(of, &alpn, &alpn_size);
    if (alpn != nullptr) all.alpn_protocol.assign(reinterpret_cast<char const*>(alpn), alpn_size);
    if (auto const* const name = SSL_get_servername(of, TLSEXT_NAMETYPE_host_name)) {
        all.server_name = name;
    }
    std::unique_ptr<X509, freed_by<&X509_free>> const peer(SSL_get1_peer_certificate(of));
    if (peer == nullptr) return all;
    std::unique_ptr<BIO, freed_by<&BIO_free>> const text(BIO_new(BIO_s_mem()));
    if (text == nullptr) throw tls_error(openssl_error("no buffer"));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(peer.get()), 0,
                       XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    all.peer_subject = text_in(text.get());
    BIO_reset(text.get());
    PEM_write_bio_X509(text.get(), peer.get());
    all.peer_certificate = text_in(text.get());
    ERR_clear_error();
    return all;
}

} // namespace siding::detail
