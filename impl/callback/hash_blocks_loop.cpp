// SPDX-License-Identifier: MIT
// The same work on the loop itself, for comparison: an idle handle is called once a turn and hashes
// one block, so that I/O could come in between. There is one thread, hence no speed-up.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/hash.hpp"

namespace callback {
namespace {

using contract::hash_blocks;

class block_a_turn final : public contract::session<hash_blocks> {
public:
    block_a_turn(hash_blocks::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {
        checked(::uv_idle_init(loop_.get(), &idle_), "uv_idle_init");
        idle_.data = this;
    }

    hash_blocks::outcome run(contract::probe&) override {
        outcome_ = {};
        checked(::uv_idle_start(&idle_, &turn), "uv_idle_start");
        loop_.run();
        return outcome_;
    }

private:
    static void turn(uv_idle_t* idle) {
        auto& self = *static_cast<block_a_turn*>(idle->data);
        try {
            self.outcome_.checksum += kernel::hash_block(
                self.seed_, self.outcome_.blocks, self.params_.block_bytes, self.params_.passes);
        } catch (...) {
            return self.loop_.fail(std::current_exception());
        }
        if (++self.outcome_.blocks == self.params_.blocks) ::uv_idle_stop(idle);
    }

    hash_blocks::params params_;
    std::uint64_t seed_;
    hash_blocks::outcome outcome_;
    uv_idle_t idle_;
    event_loop loop_; ///< last: its destructor closes the handle above
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks_on_loop(hash_blocks::params const& params,
                         hash_blocks::environment const& environment) {
    return std::make_unique<block_a_turn>(params, environment.limits.seed);
}

} // namespace callback
