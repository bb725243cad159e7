// SPDX-License-Identifier: MIT
#pragma once

#include "backend.hpp"
#include "contract/workloads/gateway.hpp"
#include "deadline.hpp"
#include "kernel/frames.hpp"
#include "kernel/gateway.hpp"
#include "posix.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace process {

/// The connections to the backends of one client, asked with calls that block: all questions are
/// sent, and one poll waits for whoever answers first.
class asked_backends {
public:
    /// Throws std::system_error if they cannot be reached.
    asked_backends(std::uint16_t port, contract::gateway::params const& params)
        : limit_(params.limit_us), request_(params.backends, params.answer_bytes) {
        for (std::uint64_t i = 0; i < params.backends; ++i) {
            links_.push_back({connect_to_backend(port),
                              kernel::frames(kernel::gateway_tag_bytes + params.answer_bytes)});
        }
    }

    /// What they say to the request of `client`; nothing if one of them or the client has gone.
    std::optional<std::span<std::byte const>> answer(int client, std::span<std::byte const> message,
                                                     std::uint64_t& retries) {
        request_.begin(message);
        for (std::size_t i = 0; i < links_.size(); ++i) {
            if (!send(i, request_.question(i))) return {};
        }
        deadline const limit(limit_);
        while (!request_.is_complete()) {
            auto const left = limit.left();
            if (left == left.zero()) break;
            if (!receive(client, left)) return {};
        }
        for (std::size_t i = 0; i < links_.size(); ++i) {
            if (!request_.lacks(i)) continue;
            if (!send(i, request_.question_again(i))) return {};
            ++retries;
        }
        while (!request_.is_complete()) {
            if (!receive(client, {})) return {};
        }
        return request_.reply();
    }

private:
    struct link {
        unique_fd socket;
        kernel::frames frames;
    };

    bool send(std::size_t i, std::span<std::byte const> question) const {
        auto const sent =
            ::send(links_[i].socket.get(), question.data(), question.size(), MSG_NOSIGNAL);
        return sent == static_cast<ssize_t>(question.size());
    }

    /// Waits for answers that are lacking, and takes them. False: somebody has gone.
    bool receive(int client, std::optional<std::chrono::nanoseconds> patience) {
        std::array<pollfd, 5> ready{};
        ready[0] = {client, 0, 0}; // for a hang-up, which a shutdown by this process is, too
        for (std::size_t i = 0; i < links_.size(); ++i) {
            ready[i + 1] = {request_.lacks(i) ? links_[i].socket.get() : -1, POLLIN, 0};
        }
        auto const timeout = as_timespec(patience.value_or(std::chrono::nanoseconds(0)));
        auto const count =
            ::ppoll(ready.data(), links_.size() + 1, patience ? &timeout : nullptr, nullptr);
        if (count == -1 && errno != EINTR) throw_errno("ppoll");
        if (count <= 0) return true;
        if (ready[0].revents != 0) return false;
        for (std::size_t i = 0; i < links_.size(); ++i) {
            if (ready[i + 1].revents != 0 && !take(i)) return false;
        }
        return true;
    }

    bool take(std::size_t i) {
        auto& from = links_[i];
        auto const room = from.frames.room();
        auto const received = ::recv(from.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
        if (received == 0) return false;
        if (received == -1) return errno == EAGAIN || errno == EINTR;
        from.frames.received(static_cast<std::size_t>(received));
        for (auto answer = from.frames.next(); !answer.empty(); answer = from.frames.next()) {
            request_.take(i, answer);
        }
        return true;
    }

    std::chrono::microseconds limit_;
    kernel::gateway_request request_;
    std::vector<link> links_;
};

} // namespace process
