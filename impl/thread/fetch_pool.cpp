// SPDX-License-Identifier: MIT
// `workers` threads, each with an epoll of its own over every workers-th slot: send, and when the
// response is whole, send that slot's next request. Non-blocking sockets, no thread per request.
#include "backend.hpp"
#include "cells.hpp"
#include "contract/check.hpp"
#include "kernel/hash.hpp"
#include "poller.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <fcntl.h>
#include <vector>

namespace thread_model {
namespace {

using contract::fetch;

struct slot {
    unique_fd socket;
    std::vector<std::byte> response;
    std::uint64_t index = 0;
    std::size_t received = 0;
};

/// One worker's share of the slots; used by one thread at a time.
class share {
public:
    share(fetch::params const& params, std::uint16_t port, std::uint64_t first,
          std::uint64_t stride)
        : params_(params), first_(first), stride_(stride) {
        slots_.reserve(first < params.in_flight ? (params.in_flight - first - 1) / stride + 1 : 0);
        for (auto s = first; s < params.in_flight; s += stride) {
            auto& added = slots_.emplace_back(slot{
                connect_to_backend(port), std::vector<std::byte>(params.response_bytes), 0, 0});
            checked(::fcntl(added.socket.get(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
            poller_.add(added.socket.get(), EPOLLIN, &added);
        }
    }

    fetch::outcome run(contract::probe& probe) {
        fetch::outcome outcome;
        std::uint64_t in_flight = 0;
        for (std::uint64_t i = 0; i < slots_.size(); ++i) {
            slots_[i].index = first_ + i * stride_;
            if (issue(slots_[i], probe)) ++in_flight;
        }
        while (in_flight > 0) {
            for (auto const& event : poller_.wait()) {
                auto& slot = *static_cast<struct slot*>(event.data.ptr);
                if (!receive(slot)) continue;
                probe.end(slot.index);
                outcome.checksum += kernel::hash(slot.index, slot.response);
                ++outcome.responses;
                slot.index += params_.in_flight;
                if (!issue(slot, probe)) --in_flight;
            }
        }
        return outcome;
    }

private:
    /// False if this slot has no request left.
    bool issue(slot& slot, contract::probe& probe) const {
        if (slot.index >= params_.requests) return false;
        slot.received = 0;
        auto const request = request_of(slot.index);
        probe.begin(slot.index);
        auto const sent = ::send(slot.socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
        if (sent == -1) throw_errno("send to the backend");
        // The socket's send buffer is empty, for the request before has been answered.
        BENCH_CHECK(sent == static_cast<ssize_t>(request.size()));
        return true;
    }

    /// True when the response is whole.
    static bool receive(slot& slot) {
        auto const rest = std::span(slot.response).subspan(slot.received);
        auto const received = ::recv(slot.socket.get(), rest.data(), rest.size(), 0);
        if (received == 0) throw_closed();
        if (received == -1) {
            if (errno == EAGAIN || errno == EINTR) return false;
            throw_errno("receive from the backend");
        }
        slot.received += static_cast<std::size_t>(received);
        return slot.received == slot.response.size();
    }

    fetch::params params_;
    std::uint64_t first_;
    std::uint64_t stride_;
    std::vector<slot> slots_;
    poller poller_;
};

class pool_of_loops final : public contract::session<fetch> {
public:
    pool_of_loops(fetch::params const& params, fetch::environment const& environment)
        : pool_(environment.limits.workers) {
        shares_.reserve(pool_.size());
        for (std::uint64_t worker = 0; worker < pool_.size(); ++worker) {
            shares_.push_back(
                std::make_unique<share>(params, environment.backend_port, worker, pool_.size()));
        }
    }

    fetch::outcome run(contract::probe& probe) override {
        // Relaxed: the pool's mutex orders the additions before the loads.
        std::atomic<std::uint64_t> responses = 0;
        std::atomic<std::uint64_t> checksum = 0;
        pool_.run([&](std::uint64_t worker) {
            auto const mine = shares_[worker]->run(probe);
            responses.fetch_add(mine.responses, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {responses.load(std::memory_order_relaxed),
                checksum.load(std::memory_order_relaxed)};
    }

private:
    std::vector<std::unique_ptr<share>> shares_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<fetch>> make_fetch_pool(fetch::params const& params,
                                                          fetch::environment const& environment) {
    return std::make_unique<pool_of_loops>(params, environment);
}

} // namespace thread_model
