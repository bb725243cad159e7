// SPDX-License-Identifier: MIT
#include "client/exchange/gateway.hpp"

#include "client/load/load.hpp"
#include "kernel/gateway.hpp"
#include "kernel/random.hpp"

#include <algorithm>

namespace client {

gateway::gateway(load const& asked, std::uint64_t number)
    : exchange(true),
      seed_(asked.seed),
      number_(number),
      backends_(asked.backends),
      slow_every_(asked.slow_every.value_or(0)),
      request_(kernel::gateway_request_bytes),
      answers_(asked.backends * asked.answer_bytes) {
    message_ = request_;
    reply_ = answers_;
}

void gateway::prepare() {
    auto const number = number_ << 32 | sequence_++;
    std::ranges::copy(kernel::gateway_bytes(number), request_.begin());
    auto const each = answers_.size() / backends_;
    dear_ = false;
    for (std::uint64_t backend = 0; backend < backends_; ++backend) {
        auto const tag = kernel::gateway_tag(number, backend);
        kernel::payload(seed_, tag, std::span(answers_).subspan(backend * each, each));
        dear_ |= kernel::gateway_is_slow(tag, backends_, slow_every_);
    }
}

} // namespace client
