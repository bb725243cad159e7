// SPDX-License-Identifier: MIT
// `in_flight` pre-forked children with a blocking socket each; one takes the next item from an
// index in shared memory, blocks until the picture is there, makes it small and writes it. Only
// counts and sums come back: the pictures never cross from process to process.
#include "backend.hpp"
#include "cells.hpp"
#include "child_limit.hpp"
#include "child_pool.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <fstream>
#include <memory>
#include <span>

namespace process {
namespace {

using contract::pipeline;

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

/// What a child has to itself.
struct slot {
    unique_fd socket;
    kernel::http_download reply;
};

class child_per_item final : public contract::session<pipeline> {
public:
    child_per_item(pipeline::params const& params, pipeline::environment const& environment)
        : params_(params),
          folder_(environment.output_folder),
          make_small_(params.side, params.thumbnail_side),
          outcomes_(params.in_flight),
          children_(params.in_flight, [&](std::uint64_t child) {
              return [this, child,
                      mine = slot{connect_to_backend(environment.backend_port),
                                  kernel::http_download(kernel::picture_bytes(params.side))}](
                         contract::probe& probe) mutable {
                  outcomes_[child].value = process_some(mine, probe);
              };
          }) {}

    pipeline::outcome run(contract::probe& probe) override {
        next_[0].value.store(0, std::memory_order_relaxed);
        children_.run(probe);
        pipeline::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.items += mine.items;
            outcome.written_bytes += mine.written_bytes;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    pipeline::outcome process_some(slot& with, contract::probe& probe) const {
        pipeline::outcome mine;
        for (;;) {
            // Relaxed: the index only hands out numbers.
            auto const i = next_[0].value.fetch_add(1, std::memory_order_relaxed);
            if (i >= params_.items) return mine;
            probe.begin(i);
            download(with.socket.get(), i, with.reply);
            auto const file = make_small_(with.reply.body());
            save(kernel::thumbnail_path(folder_, i), file);
            probe.end(i);
            ++mine.items;
            mine.written_bytes += file.size();
            mine.checksum += kernel::hash(i, file);
        }
    }

    pipeline::params params_;
    std::string folder_;
    kernel::thumbnailer make_small_;
    shared_array<own_line<std::atomic<std::uint64_t>>> next_{1};
    shared_array<own_line<pipeline::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    require_children(params.in_flight, "item under way");
    return std::make_unique<child_per_item>(params, environment);
}

} // namespace process
