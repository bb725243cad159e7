// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace siding_test {

/// A folder with an authority of our own and certificates that it has signed, made anew for each
/// run: `authority.pem`, `NAME.pem` and `NAME.key`. Removed in the end.
class certificates {
public:
    certificates();
    certificates(certificates const&) = delete;
    certificates& operator=(certificates const&) = delete;
    ~certificates() { std::filesystem::remove_all(folder_); }

    /// For these DNS names and 127.0.0.1; expired if `days` is negative.
    void issue(std::string const& file, std::string const& dns_name, int days = 1);
    [[nodiscard]] std::string operator()(std::string const& file) const {
        return folder_ + "/" + file;
    }

private:
    std::string folder_;
    int serial_ = 1;
};

} // namespace siding_test
