// SPDX-License-Identifier: MIT
// `in_flight` fibers on one thread, each with a buffer of its own. What lies in the page cache is
// read at once. epoll knows no files, so that a fiber hands any other `pread` to one of `in_flight`
// threads and waits for a future; the others go on.
#include "blocking_threads.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/read_block.hpp"
#include "posix.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/uio.h>
#include <vector>

namespace fiber {
namespace {

using contract::file_read;

class fiber_per_read final : public contract::session<file_read> {
public:
    fiber_per_read(file_read::params const& params, file_read::environment const& environment)
        : params_(params),
          seed_(environment.limits.seed),
          file_(checked(::open(environment.file_path,
                               O_RDONLY | O_CLOEXEC | (params.direct == 1 ? O_DIRECT : 0)),
                        "open")),
          stacks_(pooled_stacks(small_stack_bytes)),
          threads_(static_cast<unsigned>(params.in_flight)) {
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            buffers_.emplace_back(params.block_bytes);
        }
    }

    file_read::outcome run(contract::probe& probe) override {
        outcome_ = {};
        next_ = 0;
        std::vector<boost::fibers::future<void>> readers;
        for (auto const& buffer : buffers_) {
            readers.push_back(boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                                   stacks_, [&] { read_some(buffer, probe); }));
        }
        // All must have ended before the first exception leaves: they refer to this session.
        for (auto const& reader : readers) {
            reader.wait();
        }
        for (auto& reader : readers) {
            reader.get();
        }
        return outcome_;
    }

private:
    void read_some(kernel::page_buffer const& into, contract::probe& probe) {
        while (next_ < params_.reads) {
            auto const i = next_++;
            auto const offset = kernel::block_of(seed_, i, params_.blocks()) * params_.block_bytes;
            probe.begin(i);
            auto bytes = read_cached(into, offset);
            if (bytes == -1) {
                threads_.call([&] {
                    bytes = ::pread(file_.get(), into.data(), params_.block_bytes,
                                    static_cast<off_t>(offset));
                    if (bytes == -1) throw_errno("pread");
                });
            }
            probe.end(i);
            file_read::expect_whole(i, static_cast<std::uint64_t>(bytes), params_);
            outcome_.checksum += kernel::read_value(i, into.bytes());
            ++outcome_.reads;
        }
    }

    /// -1 if it would have to wait, as a direct read always does.
    ssize_t read_cached(kernel::page_buffer const& into, std::uint64_t offset) const {
        if (params_.direct == 1) return -1;
        iovec const whole{into.data(), params_.block_bytes};
        auto const bytes =
            ::preadv2(file_.get(), &whole, 1, static_cast<off_t>(offset), RWF_NOWAIT);
        if (bytes == -1 && errno != EAGAIN && errno != EOPNOTSUPP) throw_errno("preadv2");
        return bytes == static_cast<ssize_t>(params_.block_bytes) ? bytes : -1;
    }

    file_read::params params_;
    std::uint64_t seed_;
    unique_fd file_;
    file_read::outcome outcome_;
    std::uint64_t next_ = 0;
    std::vector<kernel::page_buffer> buffers_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    blocking_threads threads_;
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read(file_read::params const& params, file_read::environment const& environment) {
    return std::make_unique<fiber_per_read>(params, environment);
}

} // namespace fiber
