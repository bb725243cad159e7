// SPDX-License-Identifier: MIT
// An item after the other: ask, block until the picture is there, make it small, write it, the
// next. While it waits it computes nothing, and while it computes nothing is under way.
#include "backend.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"

#include <fstream>
#include <span>

namespace serial {
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

class one_after_another final : public contract::session<pipeline> {
public:
    one_after_another(pipeline::params const& params, pipeline::environment const& environment)
        : params_(params),
          folder_(environment.output_folder),
          socket_(connect_to_backend(environment.backend_port)),
          reply_(kernel::picture_bytes(params.side)),
          make_small_(params.side, params.thumbnail_side) {}

    pipeline::outcome run(contract::probe& probe) override {
        pipeline::outcome outcome;
        for (std::uint64_t i = 0; i < params_.items; ++i) {
            probe.begin(i);
            download(socket_.get(), i, reply_);
            auto const file = make_small_(reply_.body());
            save(kernel::thumbnail_path(folder_, i), file);
            probe.end(i);
            ++outcome.items;
            outcome.written_bytes += file.size();
            outcome.checksum += kernel::hash(i, file);
        }
        return outcome;
    }

private:
    pipeline::params params_;
    std::string folder_;
    unique_fd socket_;
    kernel::http_download reply_;
    kernel::thumbnailer make_small_;
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<one_after_another>(params, environment);
}

} // namespace serial
