// SPDX-License-Identifier: MIT
#include "database/empty_cluster.hpp"

#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace database {
namespace {

namespace fs = std::filesystem;

fs::path cache_folder() {
    auto const* const cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && cache[0] == '/') return cache;
    auto const* const home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? fs::path(home) / ".cache" : fs::path();
}

/// Not a link, and nobody else may write: root may have been given the home of another.
bool is_ours_alone(fs::path const& folder) {
    struct stat about {};
    return ::lstat(folder.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
           about.st_uid == ::geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Entries and bytes: one that was copied in part, or of which something was removed, has fewer.
std::string inventory_of(fs::path const& cluster) {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    for (auto const& entry : fs::recursive_directory_iterator(cluster)) {
        ++entries;
        if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return fmt::format("{} entries, {} bytes", entries, bytes);
}

std::string first_line(fs::path const& file) {
    std::ifstream input(file);
    std::string line;
    std::getline(input, line);
    return line;
}

void give_to(uid_t user, gid_t group, fs::path const& path) {
    if (::lchown(path.c_str(), user, group) == -1) {
        throw std::system_error(errno, std::generic_category(), "lchown");
    }
}

} // namespace

empty_cluster::empty_cluster(std::string const& name) {
    auto const cache = cache_folder();
    if (cache.empty()) return;
    auto const own = cache / "switchyard";
    auto const folder = own / "postgres";
    std::error_code ignored;
    fs::create_directories(own, ignored);
    ::mkdir(folder.c_str(), 0700); // refused or there already: the next line decides
    if (!is_ours_alone(own) || !is_ours_alone(folder)) return;
    lock_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (lock_ != -1 && ::flock(lock_, LOCK_EX) == 0) kept_ = folder / name;
}

empty_cluster::~empty_cluster() {
    if (lock_ != -1) ::close(lock_);
}

fs::path empty_cluster::inventory_file() const { return kept_.string() + ".inventory"; }

bool empty_cluster::copy_to(fs::path const& data, uid_t user, gid_t group) const {
    if (kept_.empty()) return false;
    try {
        if (!is_ours_alone(kept_) || first_line(inventory_file()) != inventory_of(kept_)) {
            return false;
        }
        fs::copy(kept_, data, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        if (user != ::geteuid()) {
            give_to(user, group, data);
            for (auto const& entry : fs::recursive_directory_iterator(data)) {
                give_to(user, group, entry.path());
            }
        }
        return true;
    } catch (std::exception const&) { // no space, say: initdb will name the cause
        std::error_code ignored;
        fs::remove_all(data, ignored);
        return false;
    }
}

void empty_cluster::keep(fs::path const& data) const {
    if (kept_.empty()) return;
    try {
        forget();
        fs::copy(data, kept_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        // Last: without it what lies there is not whole.
        std::ofstream(inventory_file()) << inventory_of(kept_) << '\n';
    } catch (std::exception const&) {
        forget();
    }
}

void empty_cluster::forget() const {
    if (kept_.empty()) return;
    std::error_code ignored;
    fs::remove(inventory_file(), ignored);
    fs::remove_all(kept_, ignored);
}

} // namespace database
