// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/exchange.hpp"

#include <vector>

namespace client {

/// A message is `pipeline` HTTP requests: GET or, with a body, POST of `body_bytes` bytes.
class http final : public exchange {
public:
    http(load const& asked, std::uint64_t number);

    void prepare() override;

private:
    std::uint64_t seed_;
    std::uint64_t number_;
    std::uint64_t sequence_ = 0; ///< bodies so far
    std::uint64_t pipeline_;
    std::vector<std::byte> body_;
    std::vector<std::byte> requests_;
    std::vector<std::byte> replies_;
};

} // namespace client
