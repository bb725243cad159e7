// SPDX-License-Identifier: MIT
#include "rig/parts/output_folder.hpp"

#include "proc/posix.hpp"

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>

namespace rig {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "switchyard-output-";

/// The name of a folder is the prefix, the process and six characters of chance.
bool is_left_over(fs::path const& folder) {
    auto const name = folder.filename().string();
    if (!name.starts_with(prefix)) return false;
    pid_t owner = 0;
    auto const [end, error] =
        std::from_chars(name.data() + prefix.size(), name.data() + name.size(), owner);
    return error == std::errc() && owner > 0 && ::kill(owner, 0) == -1 && errno == ESRCH;
}

void remove_left_overs(fs::path const& in) {
    std::error_code ignored; // another process does the same, and some folders are not ours
    for (auto const& entry : fs::directory_iterator(in, ignored)) {
        if (is_left_over(entry.path())) fs::remove_all(entry.path(), ignored);
    }
}

} // namespace

output_folder::output_folder(contract::has_output_folder& given) {
    auto const parent = fs::temp_directory_path();
    remove_left_overs(parent);
    path_ = fmt::format("{}/{}{}-XXXXXX", parent.string(), prefix, ::getpid());
    if (::mkdtemp(path_.data()) == nullptr) proc::throw_errno(path_.c_str());
    given.output_folder = path_.c_str();
}

output_folder::~output_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void output_folder::before_run() {
    for (auto const& entry : fs::directory_iterator(path_)) {
        fs::remove_all(entry.path());
    }
}

} // namespace rig
