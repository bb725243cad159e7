// SPDX-License-Identifier: MIT
#include "settings.hpp"
#include "siding/detail/c_string.hpp"
#include "siding/errors.hpp"

#include <openssl/err.h>

#include <array>
#include <filesystem>

namespace siding {

namespace detail {

std::string openssl_error(std::string const& action) {
    auto const code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return action;
    char const* const reason = ERR_reason_error_string(code);
    return action + ": " + (reason != nullptr ? reason : "OpenSSL error " + std::to_string(code));
}

namespace {

[[noreturn]] void fail(std::string const& action) { throw tls_error(openssl_error(action)); }

std::shared_ptr<tls_settings> make_settings(bool is_server) {
    ERR_clear_error();
    auto made = std::make_shared<tls_settings>();
    made->openssl.reset(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
    if (made->openssl == nullptr) fail("no TLS context");
    made->is_server = is_server;
    made->verifies = !is_server;
    auto* const of = made->openssl.get();
    SSL_CTX_set_min_proto_version(of, TLS1_2_VERSION);
    SSL_CTX_set_options(of, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Buffers of idle connections are given back: 34 KiB each.
    SSL_CTX_set_mode(of, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY |
                             SSL_MODE_ENABLE_PARTIAL_WRITE);
    return made;
}

void load_pair(SSL_CTX* into, std::string const& chain_file, std::string const& key_file) {
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(into, c_string(chain_file, "certificate file")) != 1) {
        fail("certificate " + chain_file);
    }
    if (SSL_CTX_use_PrivateKey_file(into, c_string(key_file, "key file"), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(into) != 1) {
        fail("key " + key_file);
    }
}

/// As they go over the wire: each behind its length.
std::string wire_form(std::vector<std::string> const& protocols) {
    std::string all;
    for (auto const& each : protocols) {
        if (each.empty() || each.size() > 255) {
            throw value_error("an ALPN protocol has 1 to 255 bytes");
        }
        all += static_cast<char>(each.size());
        all += each;
    }
    return all;
}

int choose_alpn(SSL*, unsigned char const** chosen, unsigned char* chosen_size,
                unsigned char const* offered, unsigned offered_size, void* argument) noexcept {
    auto const& ours = static_cast<tls_settings const*>(argument)->alpn;
    unsigned char* found = nullptr;
    auto const agreed = SSL_select_next_proto(
        &found, chosen_size, reinterpret_cast<unsigned char const*>(ours.data()),
        static_cast<unsigned>(ours.size()), offered, offered_size);
    *chosen = found;
    // As Python does: without anything in common the handshake goes on without.
    return agreed == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

int choose_context(SSL* connection, int* alert, void* argument) noexcept {
    auto const& settings = *static_cast<tls_settings const*>(argument);
    auto const* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    try {
        if (auto const other = settings.choose(name)) {
            SSL_set_SSL_CTX(connection, other->settings()->openssl.get());
        }
        return SSL_TLSEXT_ERR_OK;
    } catch (...) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
}

} // namespace
} // namespace detail

tls_context tls_context::client() {
    auto made = detail::make_settings(false);
    auto* const of = made->openssl.get();
    SSL_CTX_set_verify(of, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_set_default_verify_paths(of) != 1) detail::fail("the system's authorities");
    return tls_context(std::move(made));
}

tls_context tls_context::server(std::string const& chain_file, std::string const& key_file) {
    auto made = detail::make_settings(true);
    auto* const of = made->openssl.get();
    detail::load_pair(of, chain_file, key_file);
    static constexpr unsigned char session_context[] = "siding";
    SSL_CTX_set_session_id_context(of, session_context, sizeof session_context - 1);
    return tls_context(std::move(made));
}

void tls_context::trust(std::string const& file_or_directory) const {
    ERR_clear_error();
    auto const* const path = detail::c_string(file_or_directory, "authorities");
    auto* const of = of_->openssl.get();
    auto const result = std::filesystem::is_directory(file_or_directory)
                            ? SSL_CTX_load_verify_dir(of, path)
                            : SSL_CTX_load_verify_file(of, path);
    if (result != 1) detail::fail("authorities " + file_or_directory);
    if (!of_->is_server) return;
    // Tells clients which certificates they may choose from.
    if (auto* const names = SSL_load_client_CA_file(path)) SSL_CTX_set_client_CA_list(of, names);
    ERR_clear_error();
}

void tls_context::use_certificate(std::string const& chain_file,
                                  std::string const& key_file) const {
    detail::load_pair(of_->openssl.get(), chain_file, key_file);
}

void tls_context::require_client_certificate() const {
    of_->verifies = true;
    SSL_CTX_set_verify(of_->openssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       nullptr);
}

void tls_context::verify_nothing() const {
    of_->verifies = false;
    SSL_CTX_set_verify(of_->openssl.get(), SSL_VERIFY_NONE, nullptr);
}

void tls_context::set_alpn_protocols(std::vector<std::string> const& protocols) const {
    of_->alpn = detail::wire_form(protocols);
    auto* const of = of_->openssl.get();
    if (of_->is_server) {
        SSL_CTX_set_alpn_select_cb(of, &detail::choose_alpn, of_.get());
    } else if (SSL_CTX_set_alpn_protos(of, reinterpret_cast<unsigned char const*>(of_->alpn.data()),
                                       static_cast<unsigned>(of_->alpn.size())) != 0) {
        detail::fail("ALPN protocols");
    }
}

void tls_context::set_minimum_version(tls_version least) const {
    SSL_CTX_set_min_proto_version(of_->openssl.get(), static_cast<int>(least));
}

void tls_context::set_server_name_callback(
    std::function<std::optional<tls_context>(std::string_view)> choose) const {
    of_->choose = std::move(choose);
    SSL_CTX_set_tlsext_servername_callback(of_->openssl.get(), &detail::choose_context);
    SSL_CTX_set_tlsext_servername_arg(of_->openssl.get(), of_.get());
}

bool tls_context::is_server() const noexcept { return of_->is_server; }

} // namespace siding
