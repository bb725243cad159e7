// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/exchange.hpp"

#include <vector>

namespace client {

/// `message_bytes` bytes, all of them new in each message, which come back as they are.
class echo : public exchange {
public:
    echo(load const& asked, std::uint64_t number);

    void prepare() override;

protected:
    std::uint64_t seed_;
    std::uint64_t number_;
    std::uint64_t sequence_ = 0; ///< messages so far
    std::vector<std::byte> bytes_;
};

} // namespace client
