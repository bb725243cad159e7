// SPDX-License-Identifier: MIT
#include "rig/descriptors.hpp"

#include "contract/model.hpp"
#include "facts/errors.hpp"
#include "proc/memory_file.hpp"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace rig {

using proc::checked;
using proc::unique_fd;

pipe_ends make_pipe() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

namespace {

/// Asks the kernel for the route alone: nothing is sent.
void require_loopback(sockaddr_in const& address) {
    unique_fd const probe(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (probe.get() != -1 &&
        ::connect(probe.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) {
        return;
    }
    throw contract::skipped_error(
        fmt::format("nothing can be sent to 127.0.0.1 on this machine: {}; as root: ip link set "
                    "lo up",
                    std::strerror(errno)));
}

} // namespace

listener make_listener(std::uint32_t host) {
    listener made;
    made.socket = unique_fd(
        checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
    // A server with a loop a worker listens with a socket a loop: the others bind beside this one.
    int const on = 1;
    checked(::setsockopt(made.socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on),
            "SO_REUSEPORT");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    socklen_t bytes = sizeof address;
    checked(::bind(made.socket.get(), reinterpret_cast<sockaddr const*>(&address), bytes), "bind");
    // The kernel cuts the backlog to net.core.somaxconn.
    checked(::listen(made.socket.get(), 65'535), "listen");
    checked(::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&address), &bytes),
            "getsockname");
    if (host == INADDR_LOOPBACK) require_loopback(address);
    made.port = ntohs(address.sin_port);
    return made;
}

report_file::report_file() : file_(proc::memory_file("switchyard-report")) {}

nlohmann::json report_file::read(std::string const& how_it_ended) const {
    struct stat about {};
    checked(::fstat(file_.get(), &about), "fstat");
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    auto const bytes = ::pread(file_.get(), text.data(), text.size(), 0);
    auto report =
        nlohmann::json::parse(text.substr(0, static_cast<std::size_t>(bytes)), nullptr, false);
    if (report.is_object() && report.value("schema", 0) == 1) return report;
    throw facts::harness_error(how_it_ended + " without a report");
}

} // namespace rig
