// SPDX-License-Identifier: MIT
// A chain of uv_fs_read a slot, `in_flight` slots: the callback of a read asks for the next. libuv
// has no file descriptor that it could wait for, and does each read on a thread of its pool, which
// has `in_flight` threads here.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/read_block.hpp"
#include "thread_pool_size.hpp"

#include <exception>
#include <fcntl.h>
#include <vector>

namespace callback {
namespace {

using contract::file_read;

struct slot {
    explicit slot(std::size_t block_bytes) : buffer(block_bytes) {}
    uv_fs_t request{};
    kernel::page_buffer buffer;
    std::uint64_t i = 0;
};

class reader final : public contract::session<file_read> {
public:
    reader(file_read::params const& params, file_read::environment const& environment)
        : params_(params), seed_(environment.limits.seed) {
        size_thread_pool(static_cast<unsigned>(params.in_flight));
        loop_.get()->data = this;
        slots_.reserve(params.in_flight);
        for (std::uint64_t i = 0; i < params.in_flight; ++i) {
            slots_.emplace_back(params.block_bytes);
            slots_.back().request.data = &slots_.back();
        }
        // The first piece of work starts all threads of the pool: open there, before the clock.
        int const flags = UV_FS_O_RDONLY | O_CLOEXEC | (params.direct == 1 ? UV_FS_O_DIRECT : 0);
        uv_fs_t request{};
        checked(
            ::uv_fs_open(loop_.get(), &request, environment.file_path, flags, 0, [](uv_fs_t*) {}),
            "uv_fs_open");
        loop_.run();
        file_ = static_cast<uv_file>(request.result);
        ::uv_fs_req_cleanup(&request);
        checked(file_, "uv_fs_open");
    }

    ~reader() override {
        if (file_ < 0) return;
        uv_fs_t request{};
        ::uv_fs_close(loop_.get(), &request, file_, nullptr);
        ::uv_fs_req_cleanup(&request);
    }

    file_read::outcome run(contract::probe& probe) override {
        outcome_ = {};
        probe_ = &probe;
        next_ = 0;
        for (auto& slot : slots_) {
            start(slot);
        }
        loop_.run();
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        return outcome_;
    }

private:
    void start(slot& into) {
        if (next_ == params_.reads || failure_) return;
        into.i = next_++;
        auto const block = kernel::block_of(seed_, into.i, params_.blocks());
        auto const memory =
            ::uv_buf_init(reinterpret_cast<char*>(into.buffer.data()),
                          static_cast<unsigned>(params_.block_bytes)); // copied by uv_fs_read
        probe_->begin(into.i);
        checked(::uv_fs_read(loop_.get(), &into.request, file_, &memory, 1,
                             static_cast<std::int64_t>(block * params_.block_bytes), &read),
                "uv_fs_read");
    }

    static void read(uv_fs_t* request) {
        auto& from = *static_cast<slot*>(request->data);
        auto& self = *static_cast<reader*>(request->loop->data);
        self.probe_->end(from.i);
        auto const result = static_cast<int>(request->result);
        ::uv_fs_req_cleanup(request);
        try {
            checked(result, "uv_fs_read");
            file_read::expect_whole(from.i, static_cast<std::uint64_t>(result), self.params_);
            self.outcome_.checksum += kernel::read_value(from.i, from.buffer.bytes());
            ++self.outcome_.reads;
            self.start(from);
        } catch (...) {
            // The loop goes on until the other reads have ended; `run` rethrows.
            self.failure_ = std::current_exception();
        }
    }

    file_read::params params_;
    std::uint64_t seed_;
    uv_file file_ = -1;
    std::vector<slot> slots_;
    file_read::outcome outcome_;
    std::uint64_t next_ = 0;
    contract::probe* probe_ = nullptr;
    std::exception_ptr failure_;
    event_loop loop_; ///< last: its destructor waits for what is under way
};

} // namespace

std::unique_ptr<contract::session<file_read>>
make_file_read(file_read::params const& params, file_read::environment const& environment) {
    return std::make_unique<reader>(params, environment);
}

} // namespace callback
