// SPDX-License-Identifier: MIT
// One `pread` after another in one thread: the least that a read costs. It keeps one read in
// flight; what more of them gain on a device, the variant `io_uring` shows.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "posix.hpp"

#include <fcntl.h>

namespace floor_model {
namespace {

using contract::file_read;

class one_after_another final : public contract::session<file_read> {
public:
    one_after_another(file_read::params const& params, file_read::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          file_(checked(::open(environment.file_path,
                               O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0)),
                        "open")),
          block_(params.block_bytes) {}

    file_read::outcome run(contract::probe& probe) override {
        file_read::outcome outcome;
        for (std::uint64_t i = 0; i < params_.reads; ++i) {
            auto const block = kernel::block_of(seed_, i, params_.blocks());
            probe.begin(i);
            auto const bytes = ::pread(file_.get(), block_.data(), params_.block_bytes,
                                       static_cast<off_t>(block * params_.block_bytes));
            probe.end(i);
            if (bytes == -1) throw_errno("pread");
            file_read::expect_whole(i, static_cast<std::uint64_t>(bytes), params_);
            outcome.checksum += kernel::read_value(i, block_.bytes());
            ++outcome.reads;
        }
        return outcome;
    }

private:
    file_read::params params_;
    std::uint64_t seed_;
    unique_fd file_;
    kernel::page_buffer block_;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read_pread(file_read::params const& params, file_read::environment const& environment) {
    return std::make_unique<one_after_another>(params, environment);
}

} // namespace floor_model
