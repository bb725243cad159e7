// SPDX-License-Identifier: MIT
#include "io_uring/ring.hpp"
#include "siding/io/io_uring.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace siding {

std::string why_no_io_uring() {
    try {
        detail::ring const probe(4, 8);
        return "";
    } catch (std::system_error const& error) {
        std::string why = error.what();
        if (error.code().value() == EPERM) {
            why += " (see /proc/sys/kernel/io_uring_disabled, or the container's seccomp profile)";
        }
        return why;
    }
}

} // namespace siding
