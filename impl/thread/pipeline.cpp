// SPDX-License-Identifier: MIT
// `in_flight` threads with a blocking socket each; one takes the next item from a shared index,
// blocks until the picture is there, makes it small and writes it. The kernel's scheduler puts
// those that compute on the CPUs: as many of them wait meanwhile as may.
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <fstream>
#include <span>
#include <vector>

namespace thread_model {
namespace {

using contract::pipeline;

struct slot {
    unique_fd socket;
    kernel::http_download reply;
};

void send_all(int socket, std::span<std::byte const> rest) {
    while (!rest.empty()) {
        auto const sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno != EINTR) {
            throw_errno("send to the backend");
        }
    }
}

void download(int socket, std::uint64_t i, kernel::http_download& into) {
    auto const request = kernel::http_get(i);
    send_all(socket, std::as_bytes(std::span(request)));
    for (bool complete = false; !complete;) {
        auto const room = into.room();
        auto const received = ::recv(socket, room.data(), room.size(), 0);
        if (received == 0) throw_closed();
        if (received == -1 && errno == EINTR) continue;
        if (received == -1) throw_errno("receive from the backend");
        complete = into.received(static_cast<std::size_t>(received));
    }
}

void save(std::string const& path, std::span<std::byte const> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), path);
}

class thread_per_item final : public contract::session<pipeline> {
public:
    thread_per_item(pipeline::params const& params, pipeline::environment const& environment)
        : params_(params),
          folder_(environment.output_folder),
          make_small_(params.side, params.thumbnail_side),
          pool_(params.in_flight) {
        slots_.reserve(params.in_flight);
        for (std::uint64_t s = 0; s < params.in_flight; ++s) {
            slots_.push_back({connect_to_backend(environment.backend_port),
                              kernel::http_download(kernel::picture_bytes(params.side))});
        }
    }

    pipeline::outcome run(contract::probe& probe) override {
        // Relaxed throughout: the index only hands out numbers, and the pool's mutex orders the
        // totals before they are read.
        std::atomic<std::uint64_t> next = 0;
        std::atomic<std::uint64_t> items = 0;
        std::atomic<std::uint64_t> written_bytes = 0;
        std::atomic<std::uint64_t> checksum = 0;
        pool_.run([&](std::uint64_t worker) {
            for (;;) {
                auto const i = next.fetch_add(1, std::memory_order_relaxed);
                if (i >= params_.items) break;
                auto const file = process(i, slots_[worker], probe);
                items.fetch_add(1, std::memory_order_relaxed);
                written_bytes.fetch_add(file.size(), std::memory_order_relaxed);
                checksum.fetch_add(kernel::hash(i, file), std::memory_order_relaxed);
            }
        });
        return {items.load(std::memory_order_relaxed),
                written_bytes.load(std::memory_order_relaxed),
                checksum.load(std::memory_order_relaxed)};
    }

private:
    std::vector<std::byte> process(std::uint64_t i, slot& with, contract::probe& probe) const {
        probe.begin(i);
        download(with.socket.get(), i, with.reply);
        auto file = make_small_(with.reply.body());
        save(kernel::thumbnail_path(folder_, i), file);
        probe.end(i);
        return file;
    }

    pipeline::params params_;
    std::string folder_;
    kernel::thumbnailer make_small_;
    std::vector<slot> slots_;
    small_stacks stacks_{65'536};
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    require_threads(params.in_flight, "item under way");
    return std::make_unique<thread_per_item>(params, environment);
}

} // namespace thread_model
