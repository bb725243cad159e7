// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/exchange.hpp"

#include <vector>

namespace client {

/// A number, and what the backends of the gateway say to it. A message with a slow backend, which
/// must be asked again, counts as expensive (`dear`).
class gateway final : public exchange {
public:
    gateway(load const& asked, std::uint64_t number);

    void prepare() override;

private:
    std::uint64_t seed_;
    std::uint64_t number_;
    std::uint64_t sequence_ = 0; ///< messages so far
    std::uint64_t backends_;
    std::uint64_t slow_every_;
    std::vector<std::byte> request_;
    std::vector<std::byte> answers_;
};

} // namespace client
