// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/echo.hpp"

namespace client {

/// `mixed`: an echo whose first byte says whether it is expensive (1) or cheap (0), and of a
/// hundred `dear_percent` are.
class marked final : public echo {
public:
    marked(load const& asked, std::uint64_t number);

    void prepare() override;

private:
    std::uint64_t dear_percent_;
};

} // namespace client
