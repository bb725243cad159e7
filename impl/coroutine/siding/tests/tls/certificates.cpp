// SPDX-License-Identifier: MIT
#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace siding_test {

namespace {

using file_closer = int (*)(std::FILE*);

void check(bool good, char const* message) {
    if (!good) throw std::runtime_error(message);
}

std::unique_ptr<std::FILE, file_closer> open(std::string const& path, char const* mode) {
    std::unique_ptr<std::FILE, file_closer> opened(std::fopen(path.c_str(), mode), &std::fclose);
    check(opened != nullptr, "cannot open a certificate's file");
    return opened;
}

void add_extension(X509* to, X509* issuer, int kind, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    auto* const made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    check(made != nullptr && X509_add_ext(to, made, -1) == 1, "extension");
    X509_EXTENSION_free(made);
}

X509* make(EVP_PKEY* key, std::string const& name, int serial, int days) {
    auto* const made = X509_new();
    check(made != nullptr, "X509_new");
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -3 * 86'400L);
    X509_gmtime_adj(X509_getm_notAfter(made), days * 86'400L);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
    return made;
}

void write(std::string const& path, X509* certificate, EVP_PKEY* key) {
    auto const to = open(path + ".pem", "w");
    check(PEM_write_X509(to.get(), certificate) == 1, "PEM_write_X509");
    auto const key_file = open(path + ".key", "w");
    check(PEM_write_PrivateKey(key_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "PEM_write_PrivateKey");
}

} // namespace

certificates::certificates()
    : folder_((std::filesystem::temp_directory_path() / "siding-tls-XXXXXX").string()) {
    check(::mkdtemp(folder_.data()) != nullptr, "mkdtemp");
    auto* const key = EVP_EC_gen("P-256");
    auto* const authority = make(key, "siding test authority", serial_++, 1);
    X509_set_issuer_name(authority, X509_get_subject_name(authority));
    add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign");
    check(X509_sign(authority, key, EVP_sha256()) != 0, "X509_sign");
    write((*this)("authority"), authority, key);
    X509_free(authority);
    EVP_PKEY_free(key);
}

void certificates::issue(std::string const& file, std::string const& dns_name, int days) {
    auto const authority_file = open((*this)("authority.pem"), "r");
    auto* const authority = PEM_read_X509(authority_file.get(), nullptr, nullptr, nullptr);
    auto const key_file = open((*this)("authority.key"), "r");
    auto* const authority_key = PEM_read_PrivateKey(key_file.get(), nullptr, nullptr, nullptr);
    auto* const key = EVP_EC_gen("P-256");
    auto* const made = make(key, dns_name, serial_++, days);
    X509_set_issuer_name(made, X509_get_subject_name(authority));
    add_extension(made, authority, NID_subject_alt_name, "DNS:" + dns_name + ",IP:127.0.0.1");
    check(X509_sign(made, authority_key, EVP_sha256()) != 0, "X509_sign");
    write((*this)(file), made, key);
    X509_free(made);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
    X509_free(authority);
}

} // namespace siding_test
