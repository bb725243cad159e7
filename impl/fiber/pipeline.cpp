// SPDX-License-Identifier: MIT
// `in_flight` fibers with a connection each, which take one item after another: a fiber waits for
// its picture, hands it to one of `workers` threads, which makes it small and writes it, and waits
// for a future.
#include "backend.hpp"
#include "blocking_threads.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"
#include "socket.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>
#include <fstream>
#include <memory>
#include <span>
#include <vector>

namespace fiber {
namespace {

using contract::pipeline;

struct slot {
    slot(reactor& reactor, std::uint16_t port, std::size_t picture_bytes)
        : socket(reactor, connect_to_backend(port)), reply(picture_bytes) {}

    fiber::socket socket;
    kernel::http_download reply;
};

void download(std::uint64_t i, slot& with) {
    auto const request = kernel::http_get(i);
    if (!with.socket.send_all(std::as_bytes(std::span(request)))) throw_closed();
    for (bool complete = false; !complete;) {
        auto const bytes = with.socket.receive(with.reply.room());
        if (bytes == 0) throw_closed();
        complete = with.reply.received(bytes);
    }
}

void save(std::string const& path, std::span<std::byte const> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), path);
}

class fiber_per_item final : public contract::session<pipeline> {
public:
    fiber_per_item(pipeline::params const& params, pipeline::environment const& environment)
        : params_(params),
          folder_(environment.output_folder),
          make_small_(params.side, params.thumbnail_side),
          stacks_(pooled_stacks(small_stack_bytes)),
          threads_(environment.limits.workers) {
        for (std::uint64_t s = 0; s < params.in_flight; ++s) {
            slots_.push_back(std::make_unique<slot>(thread_.reactor(), environment.backend_port,
                                                    kernel::picture_bytes(params.side)));
        }
    }

    pipeline::outcome run(contract::probe& probe) override {
        outcome_ = {};
        next_ = 0;
        std::vector<boost::fibers::future<void>> running;
        for (auto const& each : slots_) {
            running.push_back(boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                                   stacks_, [&] { process_some(*each, probe); }));
        }
        // All must have ended before the first exception leaves: they refer to this session.
        for (auto const& each : running) {
            each.wait();
        }
        for (auto& each : running) {
            each.get();
        }
        return outcome_;
    }

private:
    void process_some(slot& with, contract::probe& probe) {
        while (next_ < params_.items) {
            auto const i = next_++;
            probe.begin(i);
            download(i, with);
            std::vector<std::byte> file;
            threads_.call([&] {
                file = make_small_(with.reply.body());
                save(kernel::thumbnail_path(folder_, i), file);
            });
            probe.end(i);
            ++outcome_.items;
            outcome_.written_bytes += file.size();
            outcome_.checksum += kernel::hash(i, file);
        }
    }

    pipeline::params params_;
    std::string folder_;
    kernel::thumbnailer make_small_;
    pipeline::outcome outcome_;
    std::uint64_t next_ = 0;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<std::unique_ptr<slot>> slots_;
    blocking_threads threads_;
};

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline(pipeline::params const& params, pipeline::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<fiber_per_item>(params, environment);
}

} // namespace fiber
