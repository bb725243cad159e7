// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace database {

/// This machine has no PostgreSQL, or it does not start: cause and next step.
struct no_server : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A PostgreSQL of its own, in a new folder for temporary files, on a Unix socket there. Run as
/// root it belongs to the user postgres, or nobody: PostgreSQL refuses root. The destructor ends it
/// at once and removes the folder.
class server {
public:
    /// Returns when it takes connections: on its Unix socket, and where `address` is not empty
    /// there as well, with a password that is made for it. Throws no_server.
    explicit server(std::uint64_t connections, std::string address = {});
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server();

    /// For libpq on this machine.
    [[nodiscard]] std::string connection_string() const;
    /// For libpq where a model is: on the address, if there is one.
    [[nodiscard]] std::string connection_string_for_models() const;

private:
    void start_from_cluster(std::uint64_t connections);
    void start(std::uint64_t connections);
    /// Who comes over the network must know the password: as the superuser, which the model is, one
    /// can start programs here.
    void ask_for_password() const;
    void stop_server() noexcept;
    void stop() noexcept;
    /// Runs a program as the server's user and waits for it. Throws no_server.
    void run(std::vector<std::string> const& command) const;
    pid_t spawn(std::vector<std::string> const& command) const;

    std::filesystem::path programs_;
    uid_t user_;
    gid_t group_;
    std::filesystem::path folder_;
    std::string address_;
    std::string password_;
    unsigned port_ = 0;
    pid_t postmaster_ = -1;
};

} // namespace database
