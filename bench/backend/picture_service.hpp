// SPDX-License-Identifier: MIT
#pragma once

#include "backend/service.hpp"
#include "kernel/picture.hpp"

#include <string>

namespace backend {

/// `pipeline`: GET /i of HTTP/1.1, answered with picture i, as it lies in memory. Its clients are
/// of this suite: of a request's header only the first line is looked at.
class picture_service final : public service {
public:
    picture_service(std::uint64_t seed, std::uint64_t side);

    [[nodiscard]] std::optional<request> parse(std::span<std::byte const> bytes) const override;
    [[nodiscard]] answer answer_to(std::uint64_t index) override;

private:
    kernel::pictures pictures_;
    std::string header_;
};

} // namespace backend
