// SPDX-License-Identifier: MIT
// One thread, a raw io_uring, `in_flight` buffers: a buffer whose read is done is read into again,
// and one system call submits all such reads and waits for the next completion.
#include "cells.hpp"
#include "kernel/read_block.hpp"
#include "ring.hpp"

#include <exception>
#include <fcntl.h>
#include <vector>

namespace floor_model {
namespace {

using contract::file_read;

class raw_ring final : public contract::session<file_read> {
public:
    raw_ring(file_read::params const& params, file_read::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          file_(checked(::open(environment.file_path,
                               O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0)),
                        "open")),
          reading_(params.in_flight),
          ring_(static_cast<unsigned>(params.in_flight)) {
        for (std::uint64_t slot = 0; slot < params.in_flight; ++slot) {
            buffers_.emplace_back(params.block_bytes);
        }
    }

    file_read::outcome run(contract::probe& probe) override {
        file_read::outcome outcome;
        next_ = 0;
        for (std::uint64_t slot = 0; slot < params_.in_flight; ++slot) {
            start(slot, probe);
        }
        std::exception_ptr failure;
        for (auto left = params_.reads; left != 0 && in_kernel_ != 0;) {
            ring_.wait(1, [&](io_uring_cqe const& done) {
                auto const slot = done.user_data;
                auto const i = reading_[slot];
                probe.end(i);
                --in_kernel_;
                --left;
                if (failure) return;
                try {
                    finish(i, slot, done.res, outcome);
                    start(slot, probe);
                } catch (...) {
                    failure = std::current_exception(); // when the kernel has let go of the buffers
                }
            });
        }
        if (failure) std::rethrow_exception(failure);
        return outcome;
    }

private:
    void start(std::uint64_t slot, contract::probe& probe) {
        if (next_ == params_.reads) return;
        auto const i = reading_[slot] = next_++;
        auto const block = kernel::block_of(seed_, i, params_.blocks());
        probe.begin(i);
        ring_.read(file_.get(), buffers_[slot].bytes(), block * params_.block_bytes, slot);
        ++in_kernel_;
    }

    void finish(std::uint64_t i, std::uint64_t slot, int result, file_read::outcome& outcome) {
        if (result < 0) throw std::system_error(-result, std::generic_category(), "read");
        file_read::expect_whole(i, static_cast<std::uint64_t>(result), params_);
        outcome.checksum += kernel::read_value(i, buffers_[slot].bytes());
        ++outcome.reads;
    }

    file_read::params params_;
    std::uint64_t seed_;
    unique_fd file_;
    std::vector<kernel::page_buffer> buffers_;
    std::vector<std::uint64_t> reading_; ///< by slot
    std::uint64_t next_ = 0;
    std::uint64_t in_kernel_ = 0;
    ring ring_;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read_io_uring(file_read::params const& params,
                        file_read::environment const& environment) {
    return on_a_ring("5.6", [&] { return std::make_unique<raw_ring>(params, environment); });
}

} // namespace floor_model
