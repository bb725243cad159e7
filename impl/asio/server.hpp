// SPDX-License-Identifier: MIT
#pragma once

#include "asio.hpp"
#include "contract/model.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace asio_model {

/// A duplicate of a descriptor that the harness owns: Asio closes what it is given.
[[nodiscard]] inline int duplicate(int descriptor) {
    auto const copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw std::system_error(errno, std::system_category(), "F_DUPFD_CLOEXEC");
    return copy;
}

/// One io_context that listens, and stops when the harness says so. Connections still open are
/// closed when the context is destroyed.
struct server {
    explicit server(contract::environment const& around)
        : acceptor(context, boost::asio::ip::tcp::v4(), duplicate(around.listen_fd)),
          stop(context, duplicate(around.stop_fd)) {
        stop.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code) { context.stop(); });
    }

    boost::asio::io_context context{1};
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::posix::stream_descriptor stop;
};

} // namespace asio_model
