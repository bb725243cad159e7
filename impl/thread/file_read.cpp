// SPDX-License-Identifier: MIT
// A pool of `in_flight` threads, for a `pread` blocks its thread; each takes the next read from a
// shared atomic index until none is left. Sums are kept per thread and added at the end.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "posix.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <fcntl.h>

namespace thread_model {
namespace {

using contract::file_read;

class thread_per_read final : public contract::session<file_read> {
public:
    thread_per_read(file_read::params const& params, file_read::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          file_(checked(::open(environment.file_path,
                               O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0)),
                        "open")),
          pool_(params.in_flight) {
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            buffers_.emplace_back(params.block_bytes);
        }
    }

    file_read::outcome run(contract::probe& probe) override {
        // Relaxed throughout: the index only hands out numbers, and the pool's mutex orders the
        // totals before they are read.
        std::atomic<std::uint64_t> next = 0;
        std::atomic<std::uint64_t> reads = 0;
        std::atomic<std::uint64_t> checksum = 0;
        pool_.run([&](std::uint64_t worker) {
            file_read::outcome mine;
            for (;;) {
                auto const i = next.fetch_add(1, std::memory_order_relaxed);
                if (i >= params_.reads) break;
                mine.checksum += read_one(i, buffers_[worker], probe);
                ++mine.reads;
            }
            reads.fetch_add(mine.reads, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {reads.load(std::memory_order_relaxed), checksum.load(std::memory_order_relaxed)};
    }

private:
    std::uint64_t read_one(std::uint64_t i, kernel::page_buffer const& into,
                           contract::probe& probe) const {
        auto const block = kernel::block_of(seed_, i, params_.blocks());
        probe.begin(i);
        auto const bytes = ::pread(file_.get(), into.data(), params_.block_bytes,
                                   static_cast<off_t>(block * params_.block_bytes));
        probe.end(i);
        if (bytes == -1) throw_errno("pread");
        file_read::expect_whole(i, static_cast<std::uint64_t>(bytes), params_);
        return kernel::read_value(i, into.bytes());
    }

    file_read::params params_;
    std::uint64_t seed_;
    unique_fd file_;
    std::vector<kernel::page_buffer> buffers_; ///< by worker
    small_stacks stacks_{65'536};
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read(file_read::params const& params, file_read::environment const& environment) {
    require_threads(params.in_flight, "read");
    return std::make_unique<thread_per_read>(params, environment);
}

} // namespace thread_model
