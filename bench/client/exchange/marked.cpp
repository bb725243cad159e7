// SPDX-License-Identifier: MIT
#include "client/exchange/marked.hpp"

#include "client/load/load.hpp"
#include "kernel/random.hpp"

namespace client {

marked::marked(load const& asked, std::uint64_t number)
    : echo(asked, number), dear_percent_(asked.dear_percent.value()) {}

void marked::prepare() {
    // Evenly spaced from a random start, so that equal stretches of a load cost the same.
    auto const place = sequence_ + kernel::mix(seed_ + number_) % 100;
    dear_ = place * dear_percent_ % 100 < dear_percent_;
    echo::prepare();
    bytes_.front() = std::byte{dear_};
}

} // namespace client
