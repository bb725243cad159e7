// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace database {

/// A cluster without tables that is kept from one run to the next: initdb takes a second, a copy of
/// its result a twentieth. It lies in the cache folder of the user who runs this, and is used only
/// where nobody else can have written there and it is whole. Everything here is an attempt: what
/// fails leaves nothing kept, and initdb makes a new one.
class empty_cluster {
public:
    /// `name`: unlike for every version of PostgreSQL and every user that the server runs as.
    explicit empty_cluster(std::string const& name);
    empty_cluster(empty_cluster const&) = delete;
    empty_cluster& operator=(empty_cluster const&) = delete;
    ~empty_cluster();

    /// To `data`, which does not exist, for `user`. False: there is none, and `data` does not
    /// exist.
    [[nodiscard]] bool copy_to(std::filesystem::path const& data, uid_t user, gid_t group) const;

    void keep(std::filesystem::path const& data) const;

    /// A server did not start from it.
    void forget() const;

private:
    [[nodiscard]] std::filesystem::path inventory_file() const;

    int lock_ = -1;              // of the folder, until the end
    std::filesystem::path kept_; // empty: there is no place that is ours alone
};

} // namespace database
