// SPDX-License-Identifier: MIT
#include "client/exchange/stamped.hpp"

#include "kernel/random.hpp"

#include <cstring>

namespace client {

void stamped::prepare() {
    constexpr std::size_t page = 4'096;
    if (sequence_ == 0) kernel::payload(seed_, number_, bytes_);
    for (std::size_t place = 0; place + sizeof(std::uint64_t) <= bytes_.size(); place += page) {
        auto const value = kernel::mix(seed_ ^ (number_ << 32 | sequence_) ^ place << 20);
        std::memcpy(bytes_.data() + place, &value, sizeof value);
    }
    ++sequence_;
}

} // namespace client
