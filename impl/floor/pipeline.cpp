// SPDX-License-Identifier: MIT
// `workers` threads, each with an epoll of its own over every workers-th connection, and nothing
// between them but the index of the next item: a thread that has a whole picture makes it small and
// writes it there and then, while the kernel receives the others. No hand-over, no queue, no lock.
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "posix.hpp"

#include <array>
#include <atomic>
#include <exception>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/epoll.h>
#include <thread>
#include <vector>

namespace floor_model {
namespace {

using contract::pipeline;

struct slot {
    unique_fd socket; ///< blocks, so that connecting is one call; reads ask not to, one by one
    kernel::http_download reply;
    std::uint64_t i = 0;
};

/// What all threads of one run share.
struct shared_state {
    pipeline::params params;
    std::string folder;
    kernel::thumbnailer make_small{params.side, params.thumbnail_side};
    std::atomic<std::uint64_t> next = 0; ///< relaxed: it only hands out numbers
};

void save(std::string const& path, std::span<std::byte const> rest) {
    unique_fd const file(checked(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), path.c_str()));
    while (!rest.empty()) {
        auto const written = ::write(file.get(), rest.data(), rest.size());
        if (written == -1 && errno == EINTR) continue;
        if (written == -1) throw_errno(path.c_str());
        rest = rest.subspan(static_cast<std::size_t>(written));
    }
}

/// One thread's share of the connections.
class share {
public:
    share(shared_state& shared, std::uint16_t port, std::uint64_t connections) : shared_(shared) {
        slots_.reserve(connections);
        for (std::uint64_t s = 0; s < connections; ++s) {
            auto& added = slots_.emplace_back(
                slot{connect_to_backend(port),
                     kernel::http_download(kernel::picture_bytes(shared.params.side))});
            epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = &added}};
            checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, added.socket.get(), &event),
                    "epoll_ctl");
        }
    }

    /// `failure`: what ended it early.
    void run(contract::probe& probe, pipeline::outcome& outcome,
             std::exception_ptr& failure) noexcept try {
        std::size_t under_way = 0;
        for (auto& slot : slots_) {
            if (ask(slot, probe)) ++under_way;
        }
        while (under_way != 0) {
            std::array<epoll_event, 64> events;
            int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
            if (count == -1 && errno != EINTR) throw_errno("epoll_wait");
            for (auto const& event : std::span(events.data(), count < 0 ? 0u : unsigned(count))) {
                auto& slot = *static_cast<floor_model::slot*>(event.data.ptr);
                if (!receive(slot)) continue;
                finish(slot, probe, outcome);
                if (!ask(slot, probe)) --under_way;
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }

private:
    /// False if there is no item left.
    bool ask(slot& s, contract::probe& probe) {
        s.i = shared_.next.fetch_add(1, std::memory_order_relaxed);
        if (s.i >= shared_.params.items) return false;
        auto const request = kernel::http_get(s.i);
        probe.begin(s.i);
        // Blocks only if the peer has not read a line from an otherwise empty connection.
        std::string_view rest = request;
        while (!rest.empty()) {
            auto const sent = ::send(s.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno != EINTR) {
                throw_errno("send to the backend");
            }
        }
        return true;
    }

    /// True when the picture is there. Until then reads on to EAGAIN: more may come while it reads.
    static bool receive(slot& s) {
        for (;;) {
            auto const room = s.reply.room();
            auto const received = ::recv(s.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
            if (received == 0) throw_closed();
            if (received == -1) {
                if (errno == EINTR) continue;
                if (errno == EAGAIN) return false;
                throw_errno("receive from the backend");
            }
            if (s.reply.received(static_cast<std::size_t>(received))) return true;
        }
    }

    void finish(slot& s, contract::probe& probe, pipeline::outcome& outcome) {
        auto const file = shared_.make_small(s.reply.body());
        save(kernel::thumbnail_path(shared_.folder, s.i), file);
        probe.end(s.i);
        ++outcome.items;
        outcome.written_bytes += file.size();
        outcome.checksum += kernel::hash(s.i, file);
    }

    shared_state& shared_;
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    std::vector<slot> slots_;
};

class threads_with_epoll final : public contract::session<pipeline> {
public:
    threads_with_epoll(pipeline::params const& params, pipeline::environment const& environment)
        : shared_{params, environment.output_folder} {
        auto const workers = std::uint64_t{environment.limits.workers};
        for (std::uint64_t worker = 0; worker < workers; ++worker) {
            auto const connections = (params.in_flight + workers - worker - 1) / workers;
            shares_.push_back(
                std::make_unique<share>(shared_, environment.backend_port, connections));
        }
    }

    pipeline::outcome run(contract::probe& probe) override {
        shared_.next.store(0, std::memory_order_relaxed);
        struct alignas(64) result {
            pipeline::outcome outcome;
            std::exception_ptr failure;
        };
        std::vector<result> results(shares_.size());
        {
            std::vector<std::jthread> threads; // the calling thread is the first
            for (std::size_t t = 1; t < shares_.size(); ++t) {
                threads.emplace_back(
                    [&, t] { shares_[t]->run(probe, results[t].outcome, results[t].failure); });
            }
            shares_.front()->run(probe, results.front().outcome, results.front().failure);
        }
        pipeline::outcome total;
        for (auto const& [mine, failure] : results) {
            if (failure) std::rethrow_exception(failure);
            total.items += mine.items;
            total.written_bytes += mine.written_bytes;
            total.checksum += mine.checksum;
        }
        return total;
    }

private:
    shared_state shared_;
    std::vector<std::unique_ptr<share>> shares_;
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<threads_with_epoll>(params, environment);
}

} // namespace floor_model
