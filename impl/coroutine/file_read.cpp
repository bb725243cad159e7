// SPDX-License-Identifier: MIT
// A task a slot, `in_flight` of them. epoll knows no files, so that each `pread` runs on a thread
// of an executor of `in_flight` threads, and its task awaits it: asyncio's way to read files.

#include "cells.hpp"

#include "coro/coro.hpp"
#include "kernel/read_block.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace coroutine_model {
namespace {

using contract::file_read;

class file_read_session final : public contract::session<file_read> {
public:
    file_read_session(file_read::params const& params, contract::environment const& around)
        : params_(params),
          seed_(around.limits.seed),
          file_(
              ::open(around.file_path, O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0))),
          executor_(params.in_flight) {
        if (!file_) throw std::system_error(errno, std::generic_category(), "open");
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            buffers_.emplace_back(params.block_bytes);
        }
    }

    file_read::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        coro::run(read_all(probe));
        return out_;
    }

private:
    coro::coroutine<> read_all(contract::probe& probe) {
        std::vector<coro::task<>> slots;
        for (auto const& buffer : buffers_) {
            slots.push_back(coro::create_task(read_some(buffer, probe)));
        }
        for (auto const& each : slots) {
            co_await each;
        }
    }

    coro::coroutine<> read_some(kernel::page_buffer const& into, contract::probe& probe) {
        while (next_ < params_.reads) {
            auto const i = next_++;
            auto const offset = kernel::block_of(seed_, i, params_.blocks()) * params_.block_bytes;
            probe.begin(i);
            auto reading = coro::run_in_executor(
                executor_, [this, &into, offset] { return read_block(into, offset); });
            auto const bytes = co_await std::move(reading);
            probe.end(i);
            file_read::expect_whole(i, bytes, params_);
            out_.checksum += kernel::read_value(i, into.bytes());
            ++out_.reads;
        }
    }

    /// On a thread of the executor.
    std::uint64_t read_block(kernel::page_buffer const& into, std::uint64_t offset) const {
        auto const bytes =
            ::pread(file_.get(), into.data(), params_.block_bytes, static_cast<off_t>(offset));
        if (bytes == -1) throw std::system_error(errno, std::generic_category(), "pread");
        return static_cast<std::uint64_t>(bytes);
    }

    file_read::params params_;
    std::uint64_t seed_;
    coro::descriptor file_;
    std::vector<kernel::page_buffer> buffers_;
    file_read::outcome out_;
    std::uint64_t next_ = 0;
    coro::executor executor_; ///< starts its threads as they are needed
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read_epoll(file_read::params const& params, contract::environment const& around) {
    return std::make_unique<file_read_session>(params, around);
}

} // namespace coroutine_model
