// SPDX-License-Identifier: MIT
// One thread, one epoll, one array of slots: a slot is a socket, the index that it waits for and
// its part of one response buffer. A request costs one send and one recv, and its share of an
// epoll_wait.
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "posix.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

namespace floor_model {
namespace {

using contract::fetch;

struct slot {
    unique_fd socket;
    std::uint64_t index = 0;
    std::size_t received = 0;
};

class epoll_client final : public contract::session<fetch> {
public:
    epoll_client(fetch::params const& params, std::uint16_t port)
        : params_(params),
          epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          slots_(std::min(params.in_flight, params.requests)),
          responses_(slots_.size() * params.response_bytes) {
        for (auto& slot : slots_) {
            slot.socket = connect_to_backend(port);
            epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = &slot}};
            checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, slot.socket.get(), &event),
                    "epoll_ctl");
        }
    }

    fetch::outcome run(contract::probe& probe) override {
        fetch::outcome outcome;
        for (std::size_t s = 0; s < slots_.size(); ++s) {
            slots_[s].index = s;
            request(slots_[s], probe);
        }
        while (outcome.responses < params_.requests) {
            std::array<epoll_event, 256> events;
            int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
            if (count == -1 && errno != EINTR) throw_errno("epoll_wait");
            for (auto const& event : std::span(events.data(), count < 0 ? 0u : unsigned(count))) {
                auto& slot = *static_cast<floor_model::slot*>(event.data.ptr);
                if (!receive(slot, (event.events & EPOLLRDHUP) != 0)) continue;
                probe.end(slot.index);
                outcome.checksum += kernel::hash(slot.index, response(slot));
                ++outcome.responses;
                slot.index += params_.in_flight;
                if (slot.index < params_.requests) request(slot, probe);
            }
        }
        return outcome;
    }

private:
    std::span<std::byte> response(slot const& s) {
        auto const number = static_cast<std::size_t>(&s - slots_.data());
        return std::span(responses_)
            .subspan(number * params_.response_bytes, params_.response_bytes);
    }

    void request(slot& s, contract::probe& probe) {
        std::array<std::byte, 8> request;
        for (std::size_t position = 0; position < request.size(); ++position) {
            request[position] = static_cast<std::byte>(s.index >> (8 * position));
        }
        s.received = 0;
        probe.begin(s.index);
        // Blocks only if the peer has not read 8 bytes from an otherwise empty connection.
        std::span<std::byte const> rest = request;
        while (!rest.empty()) {
            auto const sent = ::send(s.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
            } else if (errno != EINTR) {
                throw_errno("send to the backend");
            }
        }
    }

    /// True when the response is whole. A short read has drained the socket; only after a hang-up
    /// must the end of file be looked for, because its edge has been delivered.
    bool receive(slot& s, bool hung_up) {
        while (s.received < params_.response_bytes) {
            auto const rest = response(s).subspan(s.received);
            auto const received = ::recv(s.socket.get(), rest.data(), rest.size(), MSG_DONTWAIT);
            if (received == 0) throw_closed();
            if (received == -1) {
                if (errno == EINTR) continue;
                if (errno == EAGAIN) return false;
                throw_errno("receive from the backend");
            }
            s.received += static_cast<std::size_t>(received);
            if (s.received < params_.response_bytes && !hung_up) return false;
        }
        return true;
    }

    fetch::params params_;
    unique_fd epoll_;
    std::vector<slot> slots_;
    std::vector<std::byte> responses_;
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch(fetch::params const& params,
                                                     fetch::environment const& environment) {
    return std::make_unique<epoll_client>(params, environment.backend_port);
}

} // namespace floor_model
