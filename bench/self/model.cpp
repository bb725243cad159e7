// SPDX-License-Identifier: MIT
// The suite measures itself: `noop` is what one iteration costs without a model, `spin` an
// operation of known length.
#include "contract/model.hpp"
#include "contract/workloads/noop.hpp"
#include "contract/workloads/spin.hpp"
#include "kernel/spin.hpp"

#include <array>
#include <chrono>

namespace {

class do_nothing final : public contract::session<contract::noop> {
public:
    explicit do_nothing(std::uint64_t calls) : calls_(calls) {}
    contract::noop::outcome run(contract::probe&) override { return {.calls = calls_}; }

private:
    std::uint64_t calls_;
};

std::unique_ptr<contract::session<contract::noop>> make_noop(contract::noop::params const& params,
                                                             contract::noop::environment const&) {
    return std::make_unique<do_nothing>(params.calls);
}

class spin_once final : public contract::session<contract::spin> {
public:
    explicit spin_once(std::chrono::microseconds length) : length_(length) {}
    contract::spin::outcome run(contract::probe&) override {
        kernel::spin_for(length_);
        return {.spins = 1};
    }

private:
    std::chrono::microseconds length_;
};

std::unique_ptr<contract::session<contract::spin>> make_spin(contract::spin::params const& params,
                                                             contract::spin::environment const&) {
    return std::make_unique<spin_once>(std::chrono::microseconds(params.spin_us));
}

} // namespace

contract::model const& the_model() noexcept {
    static std::array const cells{contract::supports<contract::noop>(make_noop),
                                  contract::supports<contract::spin>(make_spin)};
    static contract::model const self{"self", "the suite itself: its overhead and its error",
                                      "bench/kernel", cells};
    return self;
}
