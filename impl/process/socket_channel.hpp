// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <array>
#include <cstring>
#include <sys/socket.h>

namespace process {

/// A pair of local sockets over which the parent passes descriptors to a child. Both ends live in
/// both processes: made before the fork.
class socket_channel {
public:
    socket_channel() {
        std::array<int, 2> ends{};
        checked(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
        parent_ = unique_fd(ends[0]);
        child_ = unique_fd(ends[1]);
    }

    /// The child's end: readable when a descriptor has been sent.
    [[nodiscard]] int child_end() const noexcept { return child_.get(); }

    /// Blocks while the child is far behind. The receiver gets a descriptor of its own.
    void send(int fd) const {
        envelope message;
        auto* const header = CMSG_FIRSTHDR(&message.header);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
        while (::sendmsg(parent_.get(), &message.header, MSG_NOSIGNAL) == -1) {
            if (errno != EINTR) throw_errno("pass a socket to a child");
        }
    }

    /// The next descriptor; none if there is none yet, or if this process has no number left for
    /// it: the kernel has then closed it, and the peer is turned away.
    [[nodiscard]] unique_fd receive() const {
        envelope message;
        if (::recvmsg(child_.get(), &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == -1) {
            if (errno == EAGAIN || errno == EINTR) return {};
            throw_errno("receive a socket from the parent");
        }
        auto const* const header = CMSG_FIRSTHDR(&message.header);
        if (header == nullptr || (message.header.msg_flags & MSG_CTRUNC) != 0) return {};
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        return unique_fd(fd);
    }

private:
    /// One byte of data, without which no descriptor travels, and room for one descriptor.
    struct envelope {
        char byte = 0;
        iovec data{&byte, 1};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr header{nullptr, 0, &data, 1, control.data(), control.size(), 0};
        envelope() = default;
        envelope(envelope const&) = delete;
        envelope& operator=(envelope const&) = delete;
    };

    unique_fd parent_;
    unique_fd child_;
};

} // namespace process
