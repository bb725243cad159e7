// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace cell {

/// One line of JSON, ended by a newline. Text that is not UTF-8 (a model's `what()`) is mended.
[[nodiscard]] std::string json_line(nlohmann::json const&);

/// Where samples are appended, one `write` a line, so that processes may share a file and a killed
/// one leaves whole lines. Without a path nothing is written. Throws harness_error.
class sample_file {
public:
    explicit sample_file(std::string path);

    void append(nlohmann::json const& sample) const;

    /// -1 without a path.
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

private:
    std::string path_;
    proc::unique_fd file_;
};

} // namespace cell
