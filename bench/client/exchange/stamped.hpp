// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/echo.hpp"

namespace client {

/// `pump`: an echo of long messages, which differ only in the first eight bytes of each page.
class stamped final : public echo {
public:
    using echo::echo;

    void prepare() override;
};

} // namespace client
