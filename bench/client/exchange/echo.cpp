// SPDX-License-Identifier: MIT
#include "client/exchange/echo.hpp"

#include "client/load/load.hpp"
#include "kernel/random.hpp"

namespace client {

echo::echo(load const& asked, std::uint64_t number)
    : seed_(asked.seed), number_(number), bytes_(asked.message_bytes) {
    message_ = reply_ = bytes_;
}

void echo::prepare() { kernel::payload(seed_, number_ << 32 | sequence_++, bytes_); }

} // namespace client
