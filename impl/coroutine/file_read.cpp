// SPDX-License-Identifier: MIT
// A task a slot, `in_flight` of them, and `siding::file`: what lies in the page cache is read at
// once; what does not is read by io_uring, or for epoll, which knows no files, on a thread of an
// executor of `in_flight` threads.

#include "backends.hpp"
#include "cells.hpp"

#include "kernel/read_block.hpp"
#include "siding/siding.hpp"

#include <fcntl.h>

#include <memory>
#include <vector>

namespace coroutine_model {
namespace {

using contract::file_read;

class file_read_session final : public contract::session<file_read> {
public:
    file_read_session(file_read::params const& params, file_read::environment const& around,
                      siding::loop_options options)
        : params_(params),
          seed_(around.limits.seed),
          options_(options),
          executor_(std::make_shared<siding::executor>(params.in_flight)),
          file_(siding::run(siding::file::open(around.file_path,
                                               O_RDONLY | (params.direct == 1 ? O_DIRECT : 0)))) {
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            buffers_.emplace_back(params.block_bytes);
        }
    }

    file_read::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        siding::run(read_all(probe), options_);
        return out_;
    }

private:
    siding::coroutine<> read_all(contract::probe& probe) {
        siding::loop::running().set_default_executor(executor_);
        std::vector<siding::task<>> slots;
        for (auto const& buffer : buffers_) {
            slots.push_back(siding::create_task(read_some(buffer, probe)));
        }
        for (auto const& each : slots) {
            co_await each;
        }
    }

    siding::coroutine<> read_some(kernel::page_buffer const& into, contract::probe& probe) {
        while (next_ < params_.reads) {
            auto const i = next_++;
            auto const offset = kernel::block_of(seed_, i, params_.blocks()) * params_.block_bytes;
            probe.begin(i);
            auto const bytes = co_await file_.read_at(into.bytes(), offset);
            probe.end(i);
            file_read::expect_whole(i, bytes, params_);
            out_.checksum += kernel::read_value(i, into.bytes());
            ++out_.reads;
        }
    }

    file_read::params params_;
    std::uint64_t seed_;
    siding::loop_options options_;
    std::shared_ptr<siding::executor> executor_; ///< starts its threads as they are needed
    siding::file file_;
    std::vector<kernel::page_buffer> buffers_;
    file_read::outcome out_;
    std::uint64_t next_ = 0;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read_epoll(file_read::params const& params, file_read::environment const& around) {
    return std::make_unique<file_read_session>(params, around, siding::loop_options{});
}

std::unique_ptr<contract::session<file_read>>
make_file_read_io_uring(file_read::params const& params, file_read::environment const& around) {
    return std::make_unique<file_read_session>(params, around, on_io_uring());
}

} // namespace coroutine_model
