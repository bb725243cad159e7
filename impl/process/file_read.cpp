// SPDX-License-Identifier: MIT
// `in_flight` pre-forked children, for a `pread` blocks its process; each takes the next read from
// an atomic index in shared memory until none is left, and leaves its sum there. The parent adds.
#include "cells.hpp"
#include "child_limit.hpp"
#include "child_pool.hpp"
#include "kernel/read_block.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <fcntl.h>

namespace process {
namespace {

using contract::file_read;

class child_per_read final : public contract::session<file_read> {
public:
    child_per_read(file_read::params const& params, file_read::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          file_(checked(::open(environment.file_path,
                               O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0)),
                        "open")),
          block_(params.block_bytes),
          outcomes_(params.in_flight),
          children_(params.in_flight, [&](std::uint64_t child) {
              return [this, child](contract::probe& probe) {
                  outcomes_[child].value = read_some(probe);
              };
          }) {}

    file_read::outcome run(contract::probe& probe) override {
        next_[0].value.store(0, std::memory_order_relaxed);
        children_.run(probe);
        file_read::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.reads += mine.reads;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    file_read::outcome read_some(contract::probe& probe) const {
        file_read::outcome mine;
        for (;;) {
            // Relaxed: the index only hands out numbers.
            auto const i = next_[0].value.fetch_add(1, std::memory_order_relaxed);
            if (i >= params_.reads) return mine;
            auto const block = kernel::block_of(seed_, i, params_.blocks());
            probe.begin(i);
            // A child has a copy of its own of the parent's memory.
            auto const bytes = ::pread(file_.get(), block_.data(), params_.block_bytes,
                                       static_cast<off_t>(block * params_.block_bytes));
            probe.end(i);
            if (bytes == -1) throw_errno("pread");
            file_read::expect_whole(i, static_cast<std::uint64_t>(bytes), params_);
            mine.checksum += kernel::read_value(i, block_.bytes());
            ++mine.reads;
        }
    }

    file_read::params params_;
    std::uint64_t seed_;
    unique_fd file_;
    kernel::page_buffer block_;
    shared_array<own_line<std::atomic<std::uint64_t>>> next_{1};
    shared_array<own_line<file_read::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read(file_read::params const& params, file_read::environment const& environment) {
    require_children(params.in_flight, "read");
    return std::make_unique<child_per_read>(params, environment);
}

} // namespace process
