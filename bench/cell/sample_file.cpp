// SPDX-License-Identifier: MIT
#include "cell/sample_file.hpp"

#include "facts/errors.hpp"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>

namespace cell {

std::string json_line(nlohmann::json const& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

sample_file::sample_file(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    file_ = proc::unique_fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (file_.get() == -1) {
        throw facts::harness_error(
            fmt::format("cannot open the samples file {}: {}; nothing was measured", path_,
                        std::strerror(errno)));
    }
}

void sample_file::append(nlohmann::json const& sample) const {
    if (file_.get() == -1) return;
    auto const line = json_line(sample);
    auto const written = ::write(file_.get(), line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return;
    throw facts::harness_error(
        fmt::format("cannot append to the samples file {}: {}; free some space and resume", path_,
                    written == -1 ? std::strerror(errno) : "the line was cut off, disk full?"));
}

} // namespace cell
