// SPDX-License-Identifier: MIT
// A task a connection, `in_flight` of them, which take one item after another: the loop waits for
// the pictures, and an executor of `workers` threads makes them small and writes them, as asyncio's
// documentation tells to do with work that blocks. On the loop alone (`alone`), a picture that is
// made small holds up all that arrive: the mistake that this workload is to show.

#include "backends.hpp"
#include "cells.hpp"
#include "connect_to_backend.hpp"

#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "siding/siding.hpp"

#include <fstream>
#include <span>
#include <vector>

namespace coroutine_model {
namespace {

using contract::pipeline;

void save(std::string const& path, std::span<std::byte const> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), path);
}

enum class place { executor, loop };

class pipeline_session final : public contract::session<pipeline> {
public:
    pipeline_session(pipeline::params const& params, pipeline::environment const& around,
                     siding::loop_options options, place site)
        : params_(params),
          folder_(around.output_folder),
          site_(site),
          make_small_(params.side, params.thumbnail_side),
          loop_(options),
          executor_(around.limits.workers) {
        loop_.run_until_complete(connect_all(around.backend_port));
    }

    pipeline::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        loop_.run_until_complete(process_all(probe));
        return out_;
    }

private:
    siding::coroutine<> connect_all(std::uint16_t port) {
        for (std::uint64_t slot = 0; slot < params_.in_flight; ++slot) {
            connections_.push_back(co_await connect_to_backend(port));
        }
    }

    siding::coroutine<> process_all(contract::probe& probe) {
        std::vector<siding::task<>> tasks;
        for (auto const& connection : connections_) {
            tasks.push_back(siding::create_task(process_some(connection.get(), probe)));
        }
        for (auto const& each : tasks) {
            co_await each;
        }
    }

    siding::coroutine<> process_some(int connection, contract::probe& probe) {
        kernel::http_download reply(kernel::picture_bytes(params_.side));
        while (next_ < params_.items) {
            auto const i = next_++;
            probe.begin(i);
            co_await download(connection, i, reply);
            auto const file = co_await make_and_save(i, reply.body());
            probe.end(i);
            ++out_.items;
            out_.written_bytes += file.size();
            out_.checksum += kernel::hash(i, file);
        }
    }

    static siding::coroutine<> download(int connection, std::uint64_t i,
                                        kernel::http_download& into) {
        auto const request = kernel::http_get(i);
        co_await siding::send_all(connection, std::as_bytes(std::span(request)));
        for (bool complete = false; !complete;) {
            auto const count = co_await siding::recv(connection, into.room());
            if (count == 0) throw std::runtime_error("the backend closed a connection");
            complete = into.received(count);
        }
    }

    siding::coroutine<std::vector<std::byte>> make_and_save(std::uint64_t i,
                                                            std::span<std::byte const> picture) {
        if (site_ == place::loop) co_return make_file(i, picture);
        auto making = siding::run_in_executor(executor_,
                                              [this, i, picture] { return make_file(i, picture); });
        co_return co_await std::move(making);
    }

    /// On a thread of the executor, or on the loop.
    std::vector<std::byte> make_file(std::uint64_t i, std::span<std::byte const> picture) const {
        auto file = make_small_(picture);
        save(kernel::thumbnail_path(folder_, i), file);
        return file;
    }

    pipeline::params params_;
    std::string folder_;
    place site_;
    kernel::thumbnailer make_small_;
    pipeline::outcome out_;
    std::uint64_t next_ = 0;
    siding::loop loop_;
    std::vector<siding::descriptor> connections_; // closed before the loop
    siding::executor executor_;                   ///< starts its threads as they are needed
};

std::unique_ptr<contract::session<pipeline>> make(pipeline::params const& params,
                                                  pipeline::environment const& around,
                                                  siding::loop_options options, place site) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<pipeline_session>(params, around, options, site);
}

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline_epoll(pipeline::params const& params, pipeline::environment const& around) {
    return make(params, around, {}, place::executor);
}

std::unique_ptr<contract::session<pipeline>>
make_pipeline_io_uring(pipeline::params const& params, pipeline::environment const& around) {
    return make(params, around, on_io_uring(), place::executor);
}

std::unique_ptr<contract::session<pipeline>>
make_pipeline_alone(pipeline::params const& params, pipeline::environment const& around) {
    return make(params, around, {}, place::loop);
}

} // namespace coroutine_model
